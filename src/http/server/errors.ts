/** Converts every error to the format of error responses. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AgentError, asAgentError, type ErrorCode, ERRORS } from '../../kernel/errors.js';
import { endpointNotFound } from './endpoint-not-found.js';

export interface Failure {
  readonly success: false;
  readonly error: string;
  readonly code: ErrorCode;
  readonly request_id: string;
  readonly errors?: Record<string, string>;
}

const RETRY_AFTER_S: Partial<Record<ErrorCode, number>> = {
  capacity_exhausted: 300,
  rate_limited: 10,
  shutting_down: 5,
  not_ready: 5,
};
const RETRY_AFTER_DEFAULT_S = 30;

/** Maps fastify's error codes to the agent's codes and messages. */
const FASTIFY: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid_json', 'The request body is not valid JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid_json', 'The request body is empty; it must be JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid_json', 'The request body does not match its Content-Length.'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', 'The request body is too large.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'The request body must be application/json.'],
  FST_ERR_BAD_URL: ['route_not_found', ERRORS.route_not_found.meaning],
  FST_ERR_MAX_PARAM_LENGTH: ['route_not_found', ERRORS.route_not_found.meaning],
  FST_BEARER_AUTH_MISSING_AUTHORIZATION_HEADER: ['unauthorized', 'A bearer token is required.'],
  FST_BEARER_AUTH_INVALID_AUTHORIZATION_HEADER: ['unauthorized', 'The bearer token is not valid.'],
};

export function failure(error: AgentError, requestId: string): Failure {
  return {
    success: false,
    error: error.message,
    code: error.code,
    request_id: requestId,
    ...(error.fields === undefined ? {} : { errors: { ...error.fields } }),
  };
}

export function toAgentError(thrown: unknown): AgentError {
  const code: unknown = thrown instanceof Error ? Reflect.get(thrown, 'code') : undefined;
  const known = typeof code === 'string' ? FASTIFY[code] : undefined;
  return known ? new AgentError(known[0], known[1], { cause: thrown }) : asAgentError(thrown);
}

/** Replaces the errors that fastify reports for a malformed path, because they do not contain the path. */
function whereAsked(error: AgentError, request: FastifyRequest): AgentError {
  return error.message === ERRORS.route_not_found.meaning ? endpointNotFound(request) : error;
}

export function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const error = whereAsked(toAgentError(thrown), request);
  writeLog(error, request);
  void reply.header('x-request-id', request.id);
  if (error.status === 401) void reply.header('www-authenticate', 'Bearer');
  const retryAfterS = error.retryAfterS ?? RETRY_AFTER_S[error.code];
  if (error.status === 503 || error.status === 429) {
    void reply.header('retry-after', String(Math.ceil(retryAfterS ?? RETRY_AFTER_DEFAULT_S)));
  } else if (retryAfterS !== undefined) {
    void reply.header('retry-after', String(Math.ceil(retryAfterS)));
  }
  void reply.code(error.status).type('application/json; charset=utf-8').send(failure(error, request.id));
}

function writeLog(error: AgentError, request: FastifyRequest): void {
  const fields = {
    code: error.code,
    detail: error.detail,
    method: request.method,
    route: request.routeOptions.url,
  };
  if (error.code === 'internal_error')
    request.log.error(
      { ...fields, err: error.cause ?? error },
      'the request failed because of a bug in the agent',
    );
  else if (error.code === 'descriptors_exhausted') request.log.warn(fields, error.message);
  else if (error.status >= 500) request.log.warn({ ...fields, err: error }, error.message);
  // the message is not logged: it is meant for the caller, and may contain the value with which a customer proves
  // ownership of a domain
  else request.log.debug(fields, 'the request was refused');
}
