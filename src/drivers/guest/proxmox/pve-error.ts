/**
 * What Proxmox's answers mean: one internal error with a kind, made from status lines, texts and task ends, and its
 * translation at the driver's edge.
 */
import { AgentError, type ErrorCode, type Failure } from '../../../kernel/errors.js';

/**
 * `refused`: credentials, privileges or certificate. `unreachable`: nothing was delivered. `unknown`: it may or may
 * not have happened, read back. `busy`: a lock is held. `lacking`: something that the configuration names is not
 * there. `missing`: the container, task or resource is not (there). `parameter`: this request is refused for good.
 * `conflict`: so is it for what stands in its way. `failed`: it ended, badly, and all else. `aborted`: our caller
 * stopped waiting before anything was sent.
 */
export type PveErrorKind =
  | 'refused'
  | 'unreachable'
  | 'unknown'
  | 'busy'
  | 'lacking'
  | 'missing'
  | 'parameter'
  | 'conflict'
  | 'failed'
  | 'aborted';

export class PveError extends Error {
  readonly kind: PveErrorKind;
  /** HTTP status; 0 when there was no answer or the text comes from a task. */
  readonly status: number;
  /** Proxmox's own words: message of the body, else the reason phrase, or a task's exit status. */
  readonly reason: string;
  /** Per parameter, on 400. */
  readonly errors: Readonly<Record<string, string>>;
  /** It refuses the agent itself, whatever is asked; else, of kind `refused`, this one privilege is missing. */
  readonly isWhole: boolean;
  /** What we asked for, e.g. `POST /nodes/pve1/lxc/101/clone`, or the task. */
  readonly about: string;

  constructor(
    kind: PveErrorKind,
    about: string,
    reason: string,
    more: {
      status?: number;
      errors?: Readonly<Record<string, string>>;
      isWhole?: boolean;
      cause?: unknown;
    } = {},
  ) {
    super(`${about}: ${reason}`, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'PveError';
    this.kind = kind;
    this.about = about;
    this.reason = reason;
    this.status = more.status ?? 0;
    this.errors = more.errors ?? {};
    this.isWhole = more.isWhole ?? false;
  }
}

/**
 * Words that Proxmox uses for what it will not do, however often it is asked. What is not listed here or below is
 * `failed`: nobody knows, and the call is repeatable, so the job tries it again. Add a text here only when no later
 * try of the same request can succeed.
 */
const FOR_GOOD: readonly (readonly [RegExp, PveErrorKind])[] = [
  [/unable to shrink disk size|shrinking disks is not supported/i, 'parameter'],
  [/snapshot feature is not available|does not support snapshots|can't snapshot/i, 'parameter'],
  [/not most recent snapshot|more recent snapshots exist/i, 'parameter'],
  [/clone feature for .* is not available|container uses local storage/i, 'parameter'],
  [/protection mode enabled|snapshot name '[^']*' already used/i, 'conflict'],
  [/is still in use by linked clone/i, 'conflict'],
];
const LOCKED =
  /can't lock file|got lock request timeout|got lock timeout|\b(?:CT|VM) is locked|trying to acquire|detected modified configuration|'-locked command timed out/i;
/** Something has the volume open for a moment: a backup, a scan, the kernel that has not let go yet. */
const IN_USE =
  /(?:dataset|device|resource|volume group) is busy|logical volume \S+ .*in use|image (?:still )?has watchers/i;
/** What the operator has named in the configuration, and the host does not have (any more): no order is to blame. */
const LACKING =
  /\bstorage '[^']*' (?:does not exist|is not available on node|does not support container)|content type '[^']*' is not available or configured on storage|volume '[^']*:vztmpl\/[^']*' does not exist|\bpool '[^']*' does not exist|bridge '[^']*' does not exist/i;
const NOT_REACHED =
  /hostname lookup '[^']*' failed|no quorum|cluster not ready|connection refused|no route to host|cluster filesystem not online|storage '[^']*' is not online|ipcc_send_rec/i;
const GONE =
  /Configuration file '[^']*' does not exist|\b(?:CT|VM|container) \d+ does not exist|no such (?:task|resource|rule|ha rule|ha resource)|unable to find configuration file/i;

/** The kind of a text, be it of a 500 answer or of a task's end. */
export function kindOfText(text: string): PveErrorKind {
  const known = FOR_GOOD.find(([words]) => words.test(text));
  if (known) return known[1];
  if (LOCKED.test(text) || IN_USE.test(text)) return 'busy';
  if (NOT_REACHED.test(text)) return 'unreachable';
  if (GONE.test(text)) return 'missing';
  if (LACKING.test(text)) return 'lacking';
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
  // 596 is a timeout after delivery; 597 and 599 broke on the way; 502-504 come from a gateway that may have passed
  // the request on
  if (status === 596 || status === 597 || status === 599 || (status >= 502 && status <= 504))
    return 'unknown';
  if (status === 400) {
    const texts = Object.values(errors);
    if (texts.some((one) => GONE.test(one))) return 'missing';
    return texts.some((one) => LACKING.test(one)) ? 'lacking' : 'parameter';
  }
  if (status === 404) return 'missing';
  if (status === 501) return 'parameter';
  if (status >= 200 && status < 400) return 'unknown';
  return kindOfText(text);
}

const EDGE: Readonly<Record<PveErrorKind, readonly [ErrorCode, Failure, string]>> = {
  refused: ['container_host_refused', 'refused_us', 'The container host refuses the agent.'],
  unreachable: ['container_host_unreachable', 'unreachable', 'The container host does not answer.'],
  unknown: ['container_host_timeout', 'unknown', 'The container host did not say in time how it ended.'],
  busy: ['container_host_busy', 'busy', 'The container is locked by another operation.'],
  lacking: ['host_incomplete', 'busy', 'The container host lacks something that is configured.'],
  missing: ['container_host_failed', 'gone', 'The container host does not know what was asked for.'],
  parameter: ['container_host_failed', 'refused_request', 'The container host refused a value.'],
  conflict: ['container_host_failed', 'conflict', 'Something at the container host is in the way.'],
  failed: ['container_host_failed', 'unknown', 'The container host reported a failure.'],
  aborted: ['aborted', 'unknown', 'The work was stopped before it ended.'],
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
  const [code, failure, message] = EDGE[thrown.kind];
  const fields = Object.entries(thrown.errors).map(([name, problem]) => `${name}: ${problem}`);
  const status = thrown.status === 0 ? '' : ` (HTTP ${thrown.status})`;
  const isSystems = thrown.kind === 'unreachable' || thrown.kind === 'unknown' || thrown.kind === 'refused';
  const isDenial = thrown.kind === 'refused' && !thrown.isWhole;
  return new AgentError(code, isDenial ? 'The container host denies the agent a privilege.' : message, {
    cause: thrown,
    role: 'container host',
    failure,
    ...(isSystems ? { system: 'container-host' } : {}),
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

/** A failure in our own words; `detail` is for operators. What is not said to be of another kind is tried again. */
export function hostFailed(
  message: string,
  detail: string,
  cause?: unknown,
  failure: Failure = 'unknown',
): AgentError {
  return new AgentError('container_host_failed', message, { role: 'container host', failure, detail, cause });
}
