/** The error class that the agent throws deliberately, and the table of its codes. */
import { isOutOfDescriptors } from './descriptors.js';
import { detailOf, sentenceOf } from './text.js';

/** The role of the system that caused an error. Customers see only the role, never the host. */
export const ROLES = [
  ...(['container host', 'DNS', 'reverse proxy'] as const),
  ...(['certificate authority', 'site', 'agent'] as const),
] as const;
export type Role = (typeof ROLES)[number];

/**
 * Kinds of failure, which determine whether and how a request is retried. Every driver maps every failed response to
 * one of these seven kinds, and the job engine decides by the kind alone.
 *
 * - `gone`: the object does not exist. For a removal, this is success.
 * - `conflict`: a foreign object or an unexpected state prevents the request.
 * - `refused_us`: the system refuses the agent, not this request (credentials, privileges, certificate, a redirect, a
 *   login page). All jobs that need the system wait until the operator changes something.
 * - `refused_request`: the system refuses this request, and will refuse it again.
 * - `busy`: the request is not possible now. A lock is held, or the system lacks something that every such request
 *   needs: capacity, a template, a storage. The cause is the system, not the request.
 * - `unreachable`: the request was not delivered, or there is no response.
 * - `unknown`: everything else, including a lost response. Calls are repeatable, so the call is retried.
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

/** Failures after which the same request may succeed later, without a change. */
const PASSING: readonly Failure[] = ['refused_us', 'busy', 'unreachable', 'unknown'];

interface ErrorKind {
  /** HTTP status of a response with this code. */
  readonly status: number;
  /** The kind of failure of errors with this code. A single error may override it. */
  readonly failure: Failure;
  /** True when a failed step is retried, because it may succeed later. */
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
  invalid_request: kind(400, 'refused_request', 'A field is missing or invalid; "errors" lists each one.'),
  unknown_plan: kind(400, 'refused_request', 'No plan has this name or alias.'),
  unknown_module: kind(400, 'refused_request', 'No product module has this name.'),
  name_reserved: kind(400, 'refused_request', 'The requested subdomain is reserved or not a valid label.'),
  domain_invalid: kind(400, 'refused_request', 'The domain name cannot be used; the message says why.'),
  domain_not_here: kind(
    400,
    'refused_request',
    'The domain does not point to this provider and has no proof of ownership; the message says what was expected and what was found.',
  ),
  domain_caa: kind(
    400,
    'refused_request',
    "The domain's CAA records do not allow the certificate authority to issue a certificate.",
  ),
  zone_not_here: kind(
    400,
    'refused_request',
    "The zone is not delegated to this provider's name servers, and no TXT record proves its ownership.",
  ),
  record_invalid: kind(400, 'refused_request', 'The DNS record is invalid; the message says why.'),
  unauthorized: kind(401, 'refused_request', 'The bearer token is missing, unknown, revoked or expired.'),
  forbidden: kind(
    403,
    'refused_request',
    'The token does not have the permission that this request requires.',
  ),
  service_suspended: kind(403, 'refused_request', 'The service is suspended.'),
  route_not_found: kind(404, 'gone', 'The endpoint does not exist.'),
  service_not_found: kind(404, 'gone', 'This panel has no service with this id.'),
  backup_not_found: kind(404, 'gone', 'The service has no backup with this name.'),
  module_not_found: kind(404, 'gone', 'There is no such module.'),
  job_not_found: kind(404, 'gone', 'There is no such job.'),
  task_not_found: kind(404, 'gone', 'There is no such task.'),
  step_not_found: kind(404, 'gone', 'The job has no unfinished step with this name.'),
  token_not_found: kind(404, 'gone', 'No valid token has this id or name.'),
  credentials_gone: kind(404, 'gone', 'The initial credentials were acknowledged or have expired.'),
  domain_not_found: kind(404, 'gone', 'The service has no such domain.'),
  instance_not_found: kind(404, 'gone', 'There is no channel or gateway with this ID.'),
  plan_not_found: kind(404, 'gone', 'There is no plan with this name.'),
  server_not_found: kind(404, 'gone', 'The module has no such server.'),
  reservation_not_found: kind(
    404,
    'gone',
    'This panel has no such reservation, or the reservation has expired.',
  ),
  zone_not_found: kind(404, 'gone', 'There is no such zone.'),
  record_not_found: kind(404, 'gone', 'The zone has no such record.'),
  method_not_allowed: kind(405, 'refused_request', 'The endpoint exists, but not with this method.'),
  not_supported: kind(409, 'refused_request', 'The product of this service does not support this.'),
  service_exists: kind(
    409,
    'conflict',
    'The id belongs to an order with a different e-mail address or plan.',
  ),
  service_busy: kind(409, 'conflict', 'Another operation on this service must end first.'),
  job_ended: kind(409, 'conflict', 'The job has ended; it can be neither continued nor undone.'),
  task_ended: kind(409, 'conflict', 'The task is completed; it cannot be retried.'),
  job_irrevocable: kind(
    409,
    'conflict',
    'The job has passed its point of no return and can no longer be cancelled.',
  ),
  nothing_to_retry: kind(
    409,
    'conflict',
    'The service has no job that failed, is stuck or waits for a system.',
  ),
  job_not_stuck: kind(409, 'conflict', 'Only a stuck job can be finished manually.'),
  service_failed: kind(
    409,
    'conflict',
    'The site could not be created, or an operation on it is stuck: it must be repaired or deleted.',
  ),
  service_stopped: kind(409, 'conflict', 'The site is stopped; this operation requires a running site.'),
  administrator_missing: kind(
    409,
    'conflict',
    'The site no longer has the administrator that it was created with.',
  ),
  service_terminated: kind(409, 'conflict', 'The service has been deleted, or is being deleted.'),
  quota_reached: kind(
    409,
    'conflict',
    "The plan's limit is reached; the message contains the limit and the current number.",
  ),
  reservation_used: kind(409, 'conflict', 'The reservation is used up: all of its sites have been ordered.'),
  plan_too_small: kind(
    409,
    'conflict',
    'The requested plan is smaller than the present usage; the message says which limits are exceeded.',
  ),
  instance_exists: kind(409, 'conflict', 'Another channel or gateway has this ID.'),
  plan_exists: kind(409, 'conflict', 'Another plan has this name or alias.'),
  plan_in_use: kind(409, 'conflict', 'Services or reservations use the plan, so it cannot be deleted.'),
  server_exists: kind(409, 'conflict', 'Another server of the module has this name.'),
  server_in_use: kind(409, 'conflict', 'The server has accounts of services, so it cannot be removed.'),
  plan_read_only: kind(409, 'conflict', 'The plan is in the configuration and can be changed only there.'),
  plan_unusable: kind(
    409,
    'conflict',
    'The product of the plan does not accept the plan; `GET /plans` shows the reason to operators.',
  ),
  module_conflict: kind(
    409,
    'conflict',
    'The plan belongs to another product than the order or the service.',
  ),
  module_exists: kind(
    409,
    'conflict',
    'A module with this name is part of the agent, or is in a folder of the configuration.',
  ),
  module_in_use: kind(409, 'conflict', 'Services need the module, so it cannot be deactivated.'),
  module_busy: kind(
    409,
    'conflict',
    'Another activation, update or deactivation of the module must end first.',
  ),
  module_inactive: kind(409, 'conflict', 'The module is not active.'),
  module_unusable: kind(409, 'conflict', 'The module cannot be used; the message says why.'),
  backup_protected: kind(409, 'conflict', 'This snapshot is not a customer backup and cannot be deleted.'),
  backup_not_newest: kind(409, 'conflict', 'The storage can only roll back to the newest snapshot.'),
  document_conflict: kind(409, 'conflict', 'The document already exists, or was changed since it was read.'),
  token_exists: kind(409, 'conflict', 'Another token has this name.'),
  name_taken: kind(409, 'conflict', 'The requested subdomain belongs to another service.'),
  domain_exists: kind(409, 'conflict', 'The service already has this domain.'),
  domain_taken: kind(409, 'conflict', 'The domain belongs to another service, or did until recently.'),
  domain_not_ready: kind(409, 'conflict', 'The domain has no certificate yet.'),
  zone_exists: kind(409, 'conflict', 'The zone already exists.'),
  record_exists: kind(409, 'conflict', 'The record conflicts with an existing record.'),
  zones_unavailable: kind(409, 'conflict', 'This agent does not manage DNS zones for customers.'),
  // `vmid_taken` is the only conflict that a job resolves itself: the next try uses another VMID
  vmid_taken: kind(409, 'conflict', 'The VMID is in use by something that this agent did not create.', true),
  foreign_object: kind(
    409,
    'conflict',
    "An object without this agent's mark is in the way; an operator must decide.",
  ),
  state_key_configured: kind(
    409,
    'conflict',
    'The state key is set in the configuration and must be changed there.',
  ),
  idempotency_mismatch: kind(409, 'conflict', 'The Idempotency-Key was already used with a different body.'),
  cursor_gone: kind(
    410,
    'gone',
    'The cursor belongs to an earlier log, or is older than the oldest entry that is kept.',
  ),
  payload_too_large: kind(413, 'refused_request', 'The request body is larger than allowed.'),
  unsupported_media_type: kind(415, 'refused_request', 'The request body must be application/json.'),
  validation_failed: kind(
    422,
    'refused_request',
    'A module does not accept a field of the request; "errors" lists each one.',
  ),
  rate_limited: kind(429, 'busy', 'Too many requests with this token.'),
  internal_error: kind(
    500,
    'unknown',
    "Internal error in the agent; the agent's log has the details under the request ID.",
  ),
  state_damaged: kind(
    500,
    'refused_request',
    'The record of this service is damaged and was set aside for an operator.',
  ),
  container_host_unreachable: kind(502, 'unreachable', 'The container host does not answer.'),
  container_host_refused: kind(
    502,
    'refused_us',
    "The container host rejected the agent's credentials, or the agent lacks a privilege.",
  ),
  container_host_failed: kind(502, 'unknown', 'The container host reported a failure.'),
  container_host_busy: kind(502, 'busy', 'The container host holds a lock that another operation needs.'),
  container_host_timeout: kind(504, 'unknown', 'The container host did not finish in time.'),
  template_missing: kind(
    502,
    'busy',
    "The product's template does not exist on any node; orders wait until the template exists.",
  ),
  host_incomplete: kind(
    502,
    'busy',
    'The container host lacks a storage, pool, bridge or OS template that the configuration names; ' +
      'orders wait until the missing object is added.',
  ),
  snapshots_unavailable: kind(502, 'refused_request', 'The storage does not support snapshots.'),
  dns_unreachable: kind(502, 'unreachable', 'The DNS server does not answer.'),
  dns_timeout: kind(504, 'unknown', 'The DNS server did not answer in time.'),
  dns_refused: kind(502, 'refused_us', "The DNS server rejected the agent's credentials."),
  dns_failed: kind(502, 'unknown', 'The DNS server reported a failure.'),
  lookup_failed: kind(502, 'unreachable', "The domain's name servers do not answer."),
  certificate_unreachable: kind(502, 'unreachable', 'The certificate authority does not answer.'),
  authority_refused: kind(502, 'refused_us', 'The certificate authority rejected the agent or its account.'),
  certificate_refused: kind(
    502,
    'refused_request',
    'The certificate authority refused to issue the certificate.',
  ),
  proxy_unreachable: kind(502, 'unreachable', 'The reverse proxy does not answer.'),
  proxy_refused: kind(502, 'refused_us', "The reverse proxy rejected the agent's key or command."),
  proxy_failed: kind(502, 'refused_request', 'The reverse proxy rejected the configuration.'),
  site_unreachable: kind(502, 'unknown', 'The site does not respond at its public address.'),
  site_wrong: kind(502, 'refused_request', 'The site responds, but not with the installed content.'),
  recipe_failed: kind(502, 'refused_request', 'The installation failed in the container.'),
  module_failed: kind(500, 'unknown', 'The module failed with an unexpected error.'),
  remote_unreachable: kind(502, 'unreachable', 'A system that the module uses does not respond.'),
  remote_failed: kind(
    502,
    'refused_request',
    'A system that the module uses gave a response that cannot be used, or the module must not contact it.',
  ),
  module_timeout: kind(504, 'unknown', 'The module did not answer in time.'),
  condition_pending: kind(503, 'busy', 'The operation waits for a condition; it is checked again later.'),
  condition_timeout: kind(
    504,
    'refused_request',
    'Something that the module waited for did not happen within the time that the module allows.',
  ),
  job_timeout: kind(504, 'unknown', 'The job did not end within its time limit.'),
  job_crashed: kind(500, 'unknown', 'The job ended without a result.'),
  aborted: kind(503, 'unknown', 'The operation was stopped before it ended.'),
  // an order waits for capacity in the same way as for a missing template, because capacity may become available again
  capacity_exhausted: kind(
    503,
    'busy',
    'No address, VMID, node with enough capacity or server with room is left.',
  ),
  tasks_full: kind(503, 'busy', 'Too many tasks of the module wait; the agent accepts no more of them.'),
  state_unavailable: kind(503, 'unreachable', 'The request could not be recorded.'),
  not_ready: kind(503, 'busy', 'The agent is starting, or something that it requires is missing.'),
  // nothing was sent, so orders wait as if a system were down; the error names no system, because none is at fault
  descriptors_exhausted: kind(503, 'unreachable', 'The agent has no free file descriptor; nothing was sent.'),
  module_unavailable: kind(
    503,
    'busy',
    'The module cannot answer at the moment: it is broken, or it has too many requests.',
  ),
  shutting_down: kind(503, 'busy', 'The agent is stopping; please try again in a moment.'),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorOptions {
  readonly cause?: unknown;
  readonly role?: Role;
  /** The problem of each invalid field, by field name. */
  readonly fields?: Readonly<Record<string, string>>;
  /** For operators and logs only: never shown to panels. */
  readonly detail?: string;
  /**
   * Name of the failed system's circuit (drivers/shared/circuit.ts). Another try makes sense only after this system
   * responds again.
   */
  readonly system?: string;
  /** The kind of failure, if the system's response shows that it differs from the kind in the table of codes. */
  readonly failure?: Failure;
  /**
   * A short form of `failure` for module authors, used only if it differs from `retryable` in the table of codes. True
   * then means the failure `unknown`, and false means `refused_request`.
   */
  readonly retryable?: boolean;
  /** Seconds after which the caller may retry (`Retry-After`). */
  readonly retryAfterS?: number;
}

/**
 * Recognises an AgentError from another copy of this file, because third-party modules are bundled with a separate
 * copy.
 */
const BRAND = Symbol.for('innkeeper.AgentError');

/**
 * `message` is one plain sentence that a customer may read, without host names, paths or secrets. Technical details
 * belong in `detail` and `cause`.
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

/** Looks up a code in the table. Also accepts the code of a stored error that this release no longer defines. */
function tableOf(code: ErrorCode): Pick<ErrorKind, 'failure' | 'retryable'> {
  return Object.hasOwn(ERRORS, code) ? ERRORS[code] : { failure: 'unknown', retryable: true };
}

function failureFrom(code: ErrorCode, retryable: boolean | undefined): Failure {
  const known = tableOf(code);
  if (retryable === undefined || retryable === known.retryable) return known.failure;
  return retryable ? 'unknown' : 'refused_request';
}

/** An AgentError as plain data, for messages between threads and for a job's record. */
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

/**
 * The failure kind of a recorded error. Errors recorded by older releases have no kind, so it is derived from `code`
 * and `retryable`.
 */
export function failureOf({ failure, code, retryable }: ErrorRecord): Failure {
  return FAILURES.find((known) => known === failure) ?? failureFrom(code, retryable);
}

export function toRecord(error: AgentError): ErrorRecord {
  return {
    code: error.code,
    // the error may come from a module's own copy of this class
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

/** The error for work that failed because no file descriptor was free. */
export function outOfDescriptors(cause: unknown): AgentError {
  return new AgentError('descriptors_exhausted', 'The agent is at capacity. Please try again in a moment.', {
    role: 'agent',
    detail: cause instanceof Error ? cause.message : String(cause),
    retryAfterS: 5,
    cause,
  });
}

/**
 * Converts anything that was thrown to an AgentError. Any other error gets the code `fallback`, with its text as
 * detail.
 */
export function asAgentError(thrown: unknown, fallback: ErrorCode = 'internal_error'): AgentError {
  if (thrown instanceof AgentError) return thrown;
  if (isOutOfDescriptors(thrown)) return outOfDescriptors(thrown);
  const detail = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return new AgentError(fallback, ERRORS[fallback].meaning, { cause: thrown, detail });
}
