/**
 * Interprets the responses of Proxmox. Status lines, texts and task results become an internal error with a kind,
 * which is converted to an AgentError at the interface of the driver.
 */
import { AgentError, type ErrorCode, type Failure } from '../../../kernel/errors.js';

/**
 * `refused`: credentials, privileges or certificate. `unreachable`: nothing was delivered. `unknown`: the request may
 * or may not have taken effect, so the effect must be read back. `busy`: another operation holds a lock. `lacking`:
 * an object that the configuration names does not exist. `missing`: the container, task or resource does not exist
 * (on this node). `parameter`: this request is refused permanently. `conflict`: this request is refused permanently
 * because another object is in the way. `failed`: the request failed in any other way. `aborted`: our caller stopped
 * waiting before anything was sent.
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
  /** The HTTP status. It is 0 if there was no response, or if the text comes from a task. */
  readonly status: number;
  /** Proxmox's own text: the message in the body, or else the reason phrase, or the exit status of a task. */
  readonly reason: string;
  /** The messages per parameter, for status 400. */
  readonly errors: Readonly<Record<string, string>>;
  /**
   * True if Proxmox refuses every request of the agent. If the kind is `refused` and this value is false, the token
   * only lacks the privilege for this request.
   */
  readonly isWhole: boolean;
  /** The request, such as `POST /nodes/pve1/lxc/101/clone`, or the task. */
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
 * Texts with which Proxmox refuses a request that it would refuse again if it were sent again. If a text is not listed
 * here or below, its meaning is unknown: the kind is `failed`, and the job retries the call, because all calls are
 * repeatable. Add a text here only if no later attempt of the same request can succeed.
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
/** The volume is temporarily in use: by a backup, by a scan, or by the kernel, which has not released it yet. */
const IN_USE =
  /(?:dataset|device|resource|volume group) is busy|logical volume \S+ .*in use|image (?:still )?has watchers/i;
/**
 * Texts about an object that is named in the configuration but does not exist on the host (any more). The cause is
 * never in an order.
 */
const LACKING =
  /\bstorage '[^']*' (?:does not exist|is not available on node|does not support container)|content type '[^']*' is not available or configured on storage|volume '[^']*:vztmpl\/[^']*' does not exist|\bpool '[^']*' does not exist|bridge '[^']*' does not exist/i;
const NOT_REACHED =
  /hostname lookup '[^']*' failed|no quorum|cluster not ready|connection refused|no route to host|cluster filesystem not online|storage '[^']*' is not online|ipcc_send_rec/i;
const GONE =
  /Configuration file '[^']*' does not exist|\b(?:CT|VM|container) \d+ does not exist|no such (?:task|resource|rule|ha rule|ha resource)|unable to find configuration file/i;

/** Returns the kind of a text from a 500 response or from the end of a task. */
export function kindOfText(text: string): PveErrorKind {
  const known = FOR_GOOD.find(([words]) => words.test(text));
  if (known) return known[1];
  if (LOCKED.test(text) || IN_USE.test(text)) return 'busy';
  if (NOT_REACHED.test(text)) return 'unreachable';
  if (GONE.test(text)) return 'missing';
  if (LACKING.test(text)) return 'lacking';
  return 'failed';
}

/** Returns the kind of a response whose status is not 200. */
export function kindOfAnswer(
  status: number,
  text: string,
  errors: Readonly<Record<string, string>>,
): PveErrorKind {
  if (status === 401 || status === 403) return 'refused';
  if (status === 595) return 'unreachable';
  // 596 means that the request was delivered and then timed out; 597 and 599 mean that the connection broke; 502-504
  // come from a gateway that may have forwarded the request
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
  unknown: ['container_host_timeout', 'unknown', 'The container host did not report the result in time.'],
  busy: ['container_host_busy', 'busy', 'The container is locked by another operation.'],
  lacking: ['host_incomplete', 'busy', 'The container host lacks an object that the configuration names.'],
  missing: ['container_host_failed', 'gone', 'The container host does not know the requested object.'],
  parameter: ['container_host_failed', 'refused_request', 'The container host refused a value.'],
  conflict: [
    'container_host_failed',
    'conflict',
    'An object on the container host conflicts with the change.',
  ],
  failed: ['container_host_failed', 'unknown', 'The container host reported a failure.'],
  aborted: ['aborted', 'unknown', 'The operation was stopped before it ended.'],
};

/** Creates the error that callers of the driver get. Its `detail` contains Proxmox's text. */
export function toAgentError(thrown: unknown): AgentError {
  if (thrown instanceof AgentError) return thrown;
  if (!(thrown instanceof PveError)) {
    const detail = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
    return new AgentError('internal_error', 'The agent failed while it used the container host.', {
      cause: thrown,
      detail,
    });
  }
  const [code, failure, message] = EDGE[thrown.kind];
  const fields = Object.entries(thrown.errors).map(([name, problem]) => `${name}: ${problem}`);
  const status = thrown.status === 0 ? '' : ` (HTTP ${thrown.status})`;
  const isSystems = thrown.kind === 'unreachable' || thrown.kind === 'unknown' || thrown.kind === 'refused';
  const isDenial = thrown.kind === 'refused' && !thrown.isWhole;
  return new AgentError(code, isDenial ? 'The agent lacks a privilege on the container host.' : message, {
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

/** Returns whether the text from Proxmox matches the pattern. */
export function said(thrown: unknown, pattern: RegExp): thrown is PveError {
  return thrown instanceof PveError && pattern.test(thrown.reason);
}

/**
 * Creates a failure with our own message. `detail` is for operators. The call is retried unless another kind is
 * given.
 */
export function hostFailed(
  message: string,
  detail: string,
  cause?: unknown,
  failure: Failure = 'unknown',
): AgentError {
  return new AgentError('container_host_failed', message, { role: 'container host', failure, detail, cause });
}
