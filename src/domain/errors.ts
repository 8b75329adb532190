/** The one kind of error this agent throws on purpose, and the one table that says what each code means to a caller. */

/** Which system behind us an error is about; customers are told the role, never the host. */
export type Role = 'container host' | 'DNS' | 'reverse proxy' | 'certificate authority' | 'site' | 'agent';

interface ErrorKind {
  /** HTTP status of an answer with this code. */
  readonly status: number;
  /** True when the same step may succeed later without anybody changing anything: it is tried again. */
  readonly retryable: boolean;
  /** One sentence for docs and OpenAPI. */
  readonly meaning: string;
}

const kind = (status: number, retryable: boolean, meaning: string): ErrorKind => ({
  status,
  retryable,
  meaning,
});

export const ERRORS = {
  invalid_json: kind(400, false, 'The request body is not valid JSON.'),
  invalid_request: kind(400, false, 'A field is missing or has a wrong value; "errors" names each.'),
  unknown_plan: kind(400, false, 'No plan has this name or alias.'),
  unknown_module: kind(400, false, 'No product module has this name.'),
  name_reserved: kind(400, false, 'The wished sub-domain is reserved or not a legal label.'),
  domain_invalid: kind(400, false, 'The domain name cannot be used; the sentence says why.'),
  domain_not_here: kind(
    400,
    false,
    'The domain neither leads here nor bears our proof; the sentence says what was expected and found.',
  ),
  domain_caa: kind(400, false, "The domain's CAA records do not let our certificate authority issue."),
  zone_not_here: kind(400, false, "The zone's name servers are not ours."),
  record_invalid: kind(400, false, 'The DNS record is not valid; the sentence says why.'),
  unauthorized: kind(401, false, 'The bearer token is missing, unknown, revoked or expired.'),
  forbidden: kind(403, false, 'The token lacks the permission this call needs.'),
  service_suspended: kind(403, false, 'The service is suspended.'),
  route_not_found: kind(404, false, 'There is no such call.'),
  service_not_found: kind(404, false, 'This panel has no service with this id.'),
  backup_not_found: kind(404, false, 'The service has no backup of this name.'),
  job_not_found: kind(404, false, 'There is no such job.'),
  step_not_found: kind(404, false, 'The job has no such step left to be dealt with.'),
  token_not_found: kind(404, false, 'There is no live token with this id or name.'),
  credentials_gone: kind(404, false, 'The first credentials were acknowledged or have expired.'),
  domain_not_found: kind(404, false, 'The service has no such domain.'),
  zone_not_found: kind(404, false, 'There is no such zone.'),
  record_not_found: kind(404, false, 'The zone has no such record.'),
  method_not_allowed: kind(405, false, 'The call exists, but not with this method.'),
  service_exists: kind(409, false, 'The id is taken by an order with another e-mail or plan.'),
  service_busy: kind(409, false, 'Another operation on this service must end first.'),
  job_ended: kind(409, false, 'The job has ended; there is nothing to go on with or to take back.'),
  job_irrevocable: kind(409, false, 'The job is past the point from which it can be taken back.'),
  job_not_stuck: kind(409, false, 'Only a stuck job can be finished by hand.'),
  service_failed: kind(
    409,
    false,
    'The site could not be made, or an operation on it is stuck: it must be repaired or deleted.',
  ),
  service_stopped: kind(409, false, 'The site is stopped, and must run for this.'),
  administrator_missing: kind(409, false, 'The site has no administrator of the name that it was made with.'),
  service_terminated: kind(409, false, 'The service was deleted, or is being deleted.'),
  quota_reached: kind(409, false, 'The plan allows no more of these; the message says how many there are.'),
  plan_too_small: kind(409, false, 'The wished plan is smaller than what is in use; the message says which.'),
  backup_protected: kind(409, false, 'This snapshot is not a backup of the customer, and stays.'),
  backup_not_newest: kind(409, false, 'The storage can only go back to the newest snapshot.'),
  name_taken: kind(409, false, 'The wished sub-domain belongs to another service.'),
  domain_exists: kind(409, false, 'The service has this domain already.'),
  domain_taken: kind(409, false, 'The domain belongs to another service, or did until lately.'),
  domain_not_ready: kind(409, false, 'The domain has no certificate yet.'),
  zone_exists: kind(409, false, 'The zone exists already.'),
  record_exists: kind(409, false, 'The record clashes with one that exists.'),
  zones_unavailable: kind(409, false, 'This agent keeps no zones for customers.'),
  vmid_taken: kind(409, true, 'The container number is taken by something that is not ours.'),
  foreign_object: kind(
    409,
    false,
    'An object that does not carry our mark is in the way; a person must decide.',
  ),
  state_key_configured: kind(
    409,
    false,
    'The key of the state comes from the configuration, and is changed there.',
  ),
  idempotency_mismatch: kind(409, false, 'The Idempotency-Key was used with another body.'),
  payload_too_large: kind(413, false, 'The request body is larger than allowed.'),
  unsupported_media_type: kind(415, false, 'The body must be application/json.'),
  rate_limited: kind(429, true, 'Too many calls with this token.'),
  internal_error: kind(500, false, 'A defect in the agent; the request id finds it in the log.'),
  state_damaged: kind(500, false, 'The record of this service is damaged and was set aside for a person.'),
  container_host_unreachable: kind(502, true, 'The container host does not answer.'),
  container_host_refused: kind(
    502,
    false,
    'The container host refused our credentials or lacks a privilege.',
  ),
  container_host_failed: kind(502, false, 'The container host reported a failure.'),
  container_host_busy: kind(502, true, 'The container host holds a lock that another operation needs.'),
  container_host_timeout: kind(504, true, 'The container host did not finish in time.'),
  template_missing: kind(502, false, 'The template the product is made from does not exist on any node.'),
  snapshots_unavailable: kind(502, false, 'The storage cannot make snapshots.'),
  dns_unreachable: kind(502, true, 'The DNS server does not answer.'),
  dns_timeout: kind(504, true, 'The DNS server did not answer in time.'),
  dns_refused: kind(502, false, 'The DNS server refused our credentials.'),
  dns_failed: kind(502, false, 'The DNS server reported a failure.'),
  lookup_failed: kind(502, true, 'The name servers of a domain do not answer.'),
  certificate_unreachable: kind(502, true, 'The certificate authority does not answer.'),
  certificate_refused: kind(502, false, 'The certificate authority refused to issue.'),
  proxy_unreachable: kind(502, true, 'The reverse proxy does not answer.'),
  proxy_failed: kind(502, false, 'The reverse proxy refused the configuration.'),
  site_unreachable: kind(502, true, 'The site does not answer through the public door.'),
  site_wrong: kind(502, false, 'The site answers, but not with what was installed.'),
  recipe_failed: kind(502, false, 'The install recipe failed inside the container.'),
  module_failed: kind(500, true, 'The module threw an error of its own.'),
  job_timeout: kind(504, true, 'The job did not end within its time limit.'),
  job_crashed: kind(500, true, 'The job ended without a result.'),
  aborted: kind(503, true, 'The work was stopped before it ended.'),
  capacity_exhausted: kind(503, false, 'No address, number or node with room is left.'),
  state_unavailable: kind(503, true, 'The request could not be recorded.'),
  not_ready: kind(503, true, 'The agent is starting, or something it cannot work without is missing.'),
  shutting_down: kind(503, true, 'The agent is stopping; call again in a moment.'),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorOptions {
  readonly cause?: unknown;
  readonly role?: Role;
  /** field -> what is wrong with it (validation failures). */
  readonly fields?: Readonly<Record<string, string>>;
  /** For operators and logs only: never leaves through the API of a panel. */
  readonly detail?: string;
  /** Name of the system's circuit (drivers/circuit.ts): what has to answer before a try makes sense. */
  readonly system?: string;
  /** Overrides the table for a case that is known to pass (or not). */
  readonly retryable?: boolean;
  /** Seconds after which a caller may try again (`Retry-After`). */
  readonly retryAfterS?: number;
}

/** The same in every copy of this file: a module from elsewhere is bundled with its own. */
const BRAND = Symbol.for('innkeeper.AgentError');

/** `message` is one plain sentence that a customer may read: no host name, path or secret. The rest goes to `detail` and `cause`. */
export class AgentError extends Error {
  readonly code: ErrorCode;
  readonly role: Role | undefined;
  readonly fields: Readonly<Record<string, string>> | undefined;
  readonly detail: string | undefined;
  readonly system: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterS: number | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AgentError';
    this.code = code;
    this.role = options.role;
    this.fields = options.fields;
    this.detail = options.detail;
    this.system = options.system;
    this.retryable = options.retryable ?? ERRORS[code].retryable;
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

/** An AgentError as data, to cross a thread or to be kept in a job's record. */
export interface ErrorRecord {
  readonly code: ErrorCode;
  readonly message: string;
  readonly role?: Role;
  readonly detail?: string;
  readonly system?: string;
  readonly retryable: boolean;
}

export function toRecord(error: AgentError): ErrorRecord {
  return {
    code: error.code,
    message: error.message,
    retryable: error.retryable,
    ...(error.role === undefined ? {} : { role: error.role }),
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.system === undefined ? {} : { system: error.system }),
  };
}

export function fromRecord(record: ErrorRecord): AgentError {
  return new AgentError(record.code, record.message, {
    retryable: record.retryable,
    ...(record.role === undefined ? {} : { role: record.role }),
    ...(record.detail === undefined ? {} : { detail: record.detail }),
    ...(record.system === undefined ? {} : { system: record.system }),
  });
}

/** Whatever was thrown, as an AgentError; a foreign error becomes `fallback` with its text as detail. */
export function asAgentError(thrown: unknown, fallback: ErrorCode = 'internal_error'): AgentError {
  if (thrown instanceof AgentError) return thrown;
  const detail = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  return new AgentError(fallback, ERRORS[fallback].meaning, { cause: thrown, detail });
}
