/** What Proxmox's answers mean: one internal error with a kind, made from status lines, texts and task ends, and its translation at the driver's edge. */
import { AgentError, type ErrorCode } from '../../../domain/errors.js';

/**
 * `refused`: credentials, privileges or certificate. `unreachable`: nothing was delivered. `unknown`: it may or may not have happened, read back.
 * `busy`: a lock is held. `missing`: the container, task or resource is not (there). `parameter`: a value was refused. `failed`: all else.
 * `aborted`: our caller stopped waiting before anything was sent.
 */
export type PveErrorKind =
  'refused' | 'unreachable' | 'unknown' | 'busy' | 'missing' | 'parameter' | 'failed' | 'aborted';

export class PveError extends Error {
  readonly kind: PveErrorKind;
  /** HTTP status; 0 when there was no answer or the text comes from a task. */
  readonly status: number;
  /** Proxmox's own words: message of the body, else the reason phrase, or a task's exit status. */
  readonly reason: string;
  /** Per parameter, on 400. */
  readonly errors: Readonly<Record<string, string>>;
  /** What we asked for, e.g. `POST /nodes/pve1/lxc/101/clone`, or the task. */
  readonly about: string;

  constructor(
    kind: PveErrorKind,
    about: string,
    reason: string,
    more: { status?: number; errors?: Readonly<Record<string, string>>; cause?: unknown } = {},
  ) {
    super(`${about}: ${reason}`, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'PveError';
    this.kind = kind;
    this.about = about;
    this.reason = reason;
    this.status = more.status ?? 0;
    this.errors = more.errors ?? {};
  }
}

const LOCKED =
  /can't lock file|got lock request timeout|got lock timeout|\b(?:CT|VM) is locked|trying to acquire|detected modified configuration/i;
const NOT_REACHED =
  /hostname lookup '[^']*' failed|no quorum|cluster not ready|connection refused|no route to host/i;
const GONE =
  /Configuration file '[^']*' does not exist|\b(?:CT|VM|container) \d+ does not exist|no such (?:task|resource|rule|ha rule|ha resource)|unable to find configuration file/i;

/** The kind of a text, be it of a 500 answer or of a task's end. */
export function kindOfText(text: string): PveErrorKind {
  if (LOCKED.test(text)) return 'busy';
  if (NOT_REACHED.test(text)) return 'unreachable';
  if (GONE.test(text)) return 'missing';
  return 'failed';
}

/** The kind of an answer that is not 200. */
export function kindOfAnswer(
  status: number,
  text: string,
  errors: Readonly<Record<string, string>>,
): PveErrorKind {
  if (status === 401 || status === 403) return 'refused';
  if (status === 595) return 'unreachable';
  // 596 is a timeout after delivery; 597 and 599 broke on the way; 502-504 come from a gateway that may have passed the request on
  if (status === 596 || status === 597 || status === 599 || (status >= 502 && status <= 504))
    return 'unknown';
  if (status === 400) return Object.values(errors).some((text) => GONE.test(text)) ? 'missing' : 'parameter';
  if (status === 404) return 'missing';
  if (status >= 200 && status < 400) return 'unknown';
  return kindOfText(text);
}

const EDGE: Readonly<Record<PveErrorKind, readonly [ErrorCode, string]>> = {
  refused: ['container_host_refused', 'The container host refused the agent.'],
  unreachable: ['container_host_unreachable', 'The container host does not answer.'],
  unknown: ['container_host_timeout', 'The container host did not say in time how it ended.'],
  busy: ['container_host_busy', 'The container is locked by another operation.'],
  missing: ['container_host_failed', 'The container host does not know what was asked for.'],
  parameter: ['container_host_failed', 'The container host refused a value.'],
  failed: ['container_host_failed', 'The container host reported a failure.'],
  aborted: ['aborted', 'The work was stopped before it ended.'],
};

/** The error a caller of the driver sees; Proxmox's words go to `detail`. */
export function toAgentError(thrown: unknown): AgentError {
  if (thrown instanceof AgentError) return thrown;
  if (!(thrown instanceof PveError)) {
    const detail = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return new AgentError('internal_error', 'The agent failed at the container host.', {
      cause: thrown,
      detail,
    });
  }
  const [code, message] = EDGE[thrown.kind];
  const fields = Object.entries(thrown.errors).map(([name, problem]) => `${name}: ${problem}`);
  const status = thrown.status === 0 ? '' : ` (HTTP ${thrown.status})`;
  const lost = thrown.kind === 'unreachable' || thrown.kind === 'unknown';
  return new AgentError(code, message, {
    cause: thrown,
    role: 'container host',
    ...(lost ? { system: 'container-host' } : {}),
    detail: [`${thrown.about}: ${thrown.reason}${status}`, ...fields].join('; '),
  });
}

export function isPve(thrown: unknown, ...kinds: readonly PveErrorKind[]): thrown is PveError {
  return thrown instanceof PveError && (kinds.length === 0 || kinds.includes(thrown.kind));
}

/** True when Proxmox said something that matches. */
export function said(thrown: unknown, pattern: RegExp): thrown is PveError {
  return thrown instanceof PveError && pattern.test(thrown.reason);
}

/** A failure in our own words; `detail` is for operators. */
export function hostFailed(message: string, detail: string, cause?: unknown): AgentError {
  return new AgentError('container_host_failed', message, { role: 'container host', detail, cause });
}
