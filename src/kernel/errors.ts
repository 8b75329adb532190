/** The one kind of error this agent throws on purpose, and the one table that says what each code means to a caller. */
import { isOutOfDescriptors } from './descriptors.js';
import { detailOf, sentenceOf } from './text.js';

/** Which system behind us an error is about; customers are told the role, never the host. */
export const ROLES = [
  ...(['container host', 'DNS', 'reverse proxy'] as const),
  ...(['certificate authority', 'site', 'agent'] as const),
] as const;
export type Role = (typeof ROLES)[number];

/**
 * What a failure means for another try. Every driver sorts every answer into one of the seven; the job
 * engine decides by nothing else.
 *
 * - `gone`: what was asked about is not there. A removal has succeeded then.
 * - `conflict`: something that is not ours, or another state than was expected, is in the way.
 * - `refused_us`: the system refuses the agent, not this request (credentials, privileges, certificate, a redirect, a
 *   login page). The operator must
 *   change something; until then everything waits.
 * - `refused_request`: the system refuses this request, and will go on doing so.
 * - `busy`: not now. A lock is held, or what every such request needs is not there: room, a template, a storage. It
 *   is the system's condition, not the request's.
 * - `unreachable`: nothing was delivered, or nobody answers.
 * - `unknown`: all else, an outcome that was not heard included. Calls are repeatable, so it is tried again.
 */
export const FAILURES = [
  'gone',
  'conflict',
  'refused_us',
  'refused_request',
  'busy',
  'unreachable',
  'unknown',
] as const;

export type Failure = (typeof FAILURES)[number];

/** The same step may succeed later without a change of the request. */
const PASSING: readonly Failure[] = ['refused_us', 'busy', 'unreachable', 'unknown'];

interface ErrorKind {
  /** HTTP status of an answer with this code. */
  readonly status: number;
  /** What it means unless the error itself says otherwise. */
  readonly failure: Failure;
  /** True when the same step may succeed later: it is tried again. */
  readonly retryable: boolean;
  /** One sentence for docs and OpenAPI. */
  readonly meaning: string;
}

const kind = (
  status: number,
  failure: Failure,
  meaning: string,
  retryable = PASSING.includes(failure),
): ErrorKind => ({ status, failure, retryable, meaning });

export const ERRORS = {
  invalid_json: kind(400, 'refused_request', 'The request body is not valid JSON.'),
  invalid_request: kind(
    400,
    'refused_request',
    'A field is missing or has a wrong value; "errors" names each.',
  ),
  unknown_plan: kind(400, 'refused_request', 'No plan has this name or alias.'),
  unknown_module: kind(400, 'refused_request', 'No product module has this name.'),
  name_reserved: kind(400, 'refused_request', 'The wished sub-domain is reserved or not a legal label.'),
  domain_invalid: kind(400, 'refused_request', 'The domain name cannot be used; the sentence says why.'),
  domain_not_here: kind(
    400,
    'refused_request',
    'The domain neither leads here nor bears our proof; the sentence says what was expected and found.',
  ),
  domain_caa: kind(
    400,
    'refused_request',
    "The domain's CAA records do not let our certificate authority issue.",
  ),
  zone_not_here: kind(
    400,
    'refused_request',
    "The zone's name servers are not ours, and no TXT record proves it.",
  ),
  record_invalid: kind(400, 'refused_request', 'The DNS record is not valid; the sentence says why.'),
  unauthorized: kind(401, 'refused_request', 'The bearer token is missing, unknown, revoked or expired.'),
  forbidden: kind(403, 'refused_request', 'The token lacks the permission this call needs.'),
  service_suspended: kind(403, 'refused_request', 'The service is suspended.'),
  route_not_found: kind(404, 'gone', 'The endpoint does not exist.'),
  service_not_found: kind(404, 'gone', 'This panel has no service with this id.'),
  backup_not_found: kind(404, 'gone', 'The service has no backup of this name.'),
  job_not_found: kind(404, 'gone', 'There is no such job.'),
  step_not_found: kind(404, 'gone', 'The job has no such step left to be dealt with.'),
  token_not_found: kind(404, 'gone', 'There is no live token with this id or name.'),
  credentials_gone: kind(404, 'gone', 'The first credentials were acknowledged or have expired.'),
  domain_not_found: kind(404, 'gone', 'The service has no such domain.'),
  reservation_not_found: kind(404, 'gone', 'This panel has no such reservation, or it is over.'),
  zone_not_found: kind(404, 'gone', 'There is no such zone.'),
  record_not_found: kind(404, 'gone', 'The zone has no such record.'),
  method_not_allowed: kind(405, 'refused_request', 'The call exists, but not with this method.'),
  not_supported: kind(409, 'refused_request', 'The product of this service does not offer that.'),
  service_exists: kind(409, 'conflict', 'The id is taken by an order with another e-mail or plan.'),
  service_busy: kind(409, 'conflict', 'Another operation on this service must end first.'),
  job_ended: kind(409, 'conflict', 'The job has ended; there is nothing to go on with or to take back.'),
  job_irrevocable: kind(409, 'conflict', 'The job is past the point from which it can be taken back.'),
  nothing_to_retry: kind(
    409,
    'conflict',
    'Nothing of the service has failed, is stuck or waits for a system.',
  ),
  job_not_stuck: kind(409, 'conflict', 'Only a stuck job can be finished by hand.'),
  service_failed: kind(
    409,
    'conflict',
    'The site could not be made, or an operation on it is stuck: it must be repaired or deleted.',
  ),
  service_stopped: kind(409, 'conflict', 'The site is stopped, and must run for this.'),
  administrator_missing: kind(
    409,
    'conflict',
    'The site has no administrator of the name that it was made with.',
  ),
  service_terminated: kind(409, 'conflict', 'The service was deleted, or is being deleted.'),
  quota_reached: kind(
    409,
    'conflict',
    'The plan allows no more of these; the message says how many there are.',
  ),
  reservation_used: kind(409, 'conflict', 'All that was reserved has been ordered.'),
  plan_too_small: kind(
    409,
    'conflict',
    'The wished plan is smaller than what is in use; the message says which.',
  ),
  backup_protected: kind(409, 'conflict', 'This snapshot is not a backup of the customer, and stays.'),
  backup_not_newest: kind(409, 'conflict', 'The storage can only go back to the newest snapshot.'),
  token_exists: kind(409, 'conflict', 'Another token has this name.'),
  name_taken: kind(409, 'conflict', 'The wished sub-domain belongs to another service.'),
  domain_exists: kind(409, 'conflict', 'The service has this domain already.'),
  domain_taken: kind(409, 'conflict', 'The domain belongs to another service, or did until lately.'),
  domain_not_ready: kind(409, 'conflict', 'The domain has no certificate yet.'),
  zone_exists: kind(409, 'conflict', 'The zone exists already.'),
  record_exists: kind(409, 'conflict', 'The record clashes with one that exists.'),
  zones_unavailable: kind(409, 'conflict', 'This agent keeps no zones for customers.'),
  // the only conflict that a job resolves by itself: its next try takes another number
  vmid_taken: kind(409, 'conflict', 'The container number is taken by something that is not ours.', true),
  foreign_object: kind(
    409,
    'conflict',
    'An object that does not carry our mark is in the way; a person must decide.',
  ),
  state_key_configured: kind(
    409,
    'conflict',
    'The key of the state comes from the configuration, and is changed there.',
  ),
  idempotency_mismatch: kind(409, 'conflict', 'The Idempotency-Key was used with another body.'),
  cursor_gone: kind(
    410,
    'gone',
    'The cursor comes from another life of the log, or what stood there is no longer kept.',
  ),
  payload_too_large: kind(413, 'refused_request', 'The request body is larger than allowed.'),
  unsupported_media_type: kind(415, 'refused_request', 'The body must be application/json.'),
  rate_limited: kind(429, 'busy', 'Too many calls with this token.'),
  internal_error: kind(500, 'unknown', 'A defect in the agent; the request id finds it in the log.'),
  state_damaged: kind(
    500,
    'refused_request',
    'The record of this service is damaged and was set aside for a person.',
  ),
  container_host_unreachable: kind(502, 'unreachable', 'The container host does not answer.'),
  container_host_refused: kind(
    502,
    'refused_us',
    'The container host refused our credentials or lacks a privilege.',
  ),
  container_host_failed: kind(502, 'unknown', 'The container host reported a failure.'),
  container_host_busy: kind(502, 'busy', 'The container host holds a lock that another operation needs.'),
  container_host_timeout: kind(504, 'unknown', 'The container host did not finish in time.'),
  template_missing: kind(
    502,
    'busy',
    'The template the product is made from does not exist on any node; orders wait until it does.',
  ),
  host_incomplete: kind(
    502,
    'busy',
    'The container host lacks a storage, pool, bridge or OS template that the configuration names; orders wait until it has it.',
  ),
  snapshots_unavailable: kind(502, 'refused_request', 'The storage cannot make snapshots.'),
  dns_unreachable: kind(502, 'unreachable', 'The DNS server does not answer.'),
  dns_timeout: kind(504, 'unknown', 'The DNS server did not answer in time.'),
  dns_refused: kind(502, 'refused_us', 'The DNS server refused our credentials.'),
  dns_failed: kind(502, 'unknown', 'The DNS server reported a failure.'),
  lookup_failed: kind(502, 'unreachable', 'The name servers of a domain do not answer.'),
  certificate_unreachable: kind(502, 'unreachable', 'The certificate authority does not answer.'),
  authority_refused: kind(502, 'refused_us', 'The certificate authority refuses the agent or its account.'),
  certificate_refused: kind(502, 'refused_request', 'The certificate authority refused to issue.'),
  proxy_unreachable: kind(502, 'unreachable', 'The reverse proxy does not answer.'),
  proxy_refused: kind(502, 'refused_us', 'The reverse proxy refuses the agent: its key or its command.'),
  proxy_failed: kind(502, 'refused_request', 'The reverse proxy refused the configuration.'),
  site_unreachable: kind(502, 'unknown', 'The site does not answer through the public door.'),
  site_wrong: kind(502, 'refused_request', 'The site answers, but not with what was installed.'),
  recipe_failed: kind(502, 'refused_request', 'The install recipe failed inside the container.'),
  module_failed: kind(500, 'unknown', 'The module threw an error of its own.'),
  job_timeout: kind(504, 'unknown', 'The job did not end within its time limit.'),
  job_crashed: kind(500, 'unknown', 'The job ended without a result.'),
  aborted: kind(503, 'unknown', 'The work was stopped before it ended.'),
  // an order waits for it as for a template: room comes back
  capacity_exhausted: kind(503, 'busy', 'No address, number or node with room is left.'),
  state_unavailable: kind(503, 'unreachable', 'The request could not be recorded.'),
  not_ready: kind(503, 'busy', 'The agent is starting, or something it cannot work without is missing.'),
  // nothing was sent: an order waits as for a system that is down, and no system is blamed
  descriptors_exhausted: kind(503, 'unreachable', 'The agent has no file descriptor left; nothing was sent.'),
  shutting_down: kind(503, 'busy', 'The agent is stopping; call again in a moment.'),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorOptions {
  readonly cause?: unknown;
  readonly role?: Role;
  /** field -> what is wrong with it (validation failures). */
  readonly fields?: Readonly<Record<string, string>>;
  /** For operators and logs only: never leaves through the API of a panel. */
  readonly detail?: string;
  /** Name of the system's circuit (drivers/shared/circuit.ts): what has to answer before a try makes sense. */
  readonly system?: string;
  /** Overrides the table where the system's answer says more than the code. */
  readonly failure?: Failure;
  /**
   * The same in one word, for authors of modules: true is `unknown`, false is `refused_request`, where the table says
   * otherwise.
   */
  readonly retryable?: boolean;
  /** Seconds after which a caller may try again (`Retry-After`). */
  readonly retryAfterS?: number;
}

/** The same in every copy of this file: a module from elsewhere is bundled with its own. */
const BRAND = Symbol.for('innkeeper.AgentError');

/**
 * `message` is one plain sentence that a customer may read: no host name, path or secret. The rest goes to `detail`
 * and `cause`.
 */
export class AgentError extends Error {
  readonly code: ErrorCode;
  readonly role: Role | undefined;
  readonly fields: Readonly<Record<string, string>> | undefined;
  readonly detail: string | undefined;
  readonly system: string | undefined;
  readonly failure: Failure;
  readonly retryable: boolean;
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(sentenceOf(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AgentError';
    this.code = code;
    this.role = options.role;
    this.fields = options.fields;
    this.detail = options.detail === undefined ? undefined : detailOf(options.detail);
    this.system = options.system;
    this.failure = options.failure ?? failureFrom(code, options.retryable);
    this.retryable =
      options.retryable ??
      (options.failure === undefined ? tableOf(code).retryable : PASSING.includes(options.failure));
    this.retryAfterS = options.retryAfterS;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get [BRAND](): true {
    return true;
  }

  static override [Symbol.hasInstance](value: unknown): value is AgentError {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}

/** A code that a later release no longer has is kept in a record all the same. */
function tableOf(code: ErrorCode): Pick<ErrorKind, 'failure' | 'retryable'> {
  return Object.hasOwn(ERRORS, code) ? ERRORS[code] : { failure: 'unknown', retryable: true };
}

function failureFrom(code: ErrorCode, retryable: boolean | undefined): Failure {
  const known = tableOf(code);
  if (retryable === undefined || retryable === known.retryable) return known.failure;
  return retryable ? 'unknown' : 'refused_request';
}

/** An AgentError as data, to cross a thread or to be kept in a job's record. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly role?: Role;
  readonly detail?: string;
  readonly system?: string;
  /** Absent in records of older releases: see `failureOf`. */
  readonly failure?: Failure;
  readonly retryable: boolean;
}

/** What a recorded error means, also one that was recorded before there were kinds. */
export function failureOf({ failure, code, retryable }: ErrorRecord): Failure {
  return FAILURES.find((known) => known === failure) ?? failureFrom(code, retryable);
}

export function toRecord(error: AgentError): ErrorRecord {
  return {
    code: error.code,
    // a module's own copy of this class may have made it
    message: sentenceOf(error.message),
    failure: error.failure,
    retryable: error.retryable,
    ...(error.role === undefined ? {} : { role: error.role }),
    ...(error.detail === undefined ? {} : { detail: detailOf(error.detail) }),
    ...(error.system === undefined ? {} : { system: error.system }),
  };
}

export function fromRecord(record: ErrorRecord): AgentError {
  return new AgentError(record.code, record.message, {
    failure: failureOf(record),
    retryable: record.retryable,
    ...(record.role === undefined ? {} : { role: record.role }),
    ...(record.detail === undefined ? {} : { detail: record.detail }),
    ...(record.system === undefined ? {} : { system: record.system }),
  });
}

/** Whatever was thrown, as an AgentError; a foreign error becomes `fallback` with its text as detail. */
/** Says so of whatever failed because of it. */
export function outOfDescriptors(cause: unknown): AgentError {
  return new AgentError(
    'descriptors_exhausted',
    'The agent can do no more at once. Please try again in a moment.',
    {
      role: 'agent',
      detail: cause instanceof Error ? cause.message : String(cause),
      retryAfterS: 5,
      cause,
    },
  );
}

export function asAgentError(thrown: unknown, fallback: ErrorCode = 'internal_error'): AgentError {
  if (thrown instanceof AgentError) return thrown;
  if (isOutOfDescriptors(thrown)) return outOfDescriptors(thrown);
  const detail = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return new AgentError(fallback, ERRORS[fallback].meaning, { cause: thrown, detail });
}
