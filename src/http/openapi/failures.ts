/**
 * The error responses of an endpoint: the errors that only this endpoint returns, and the errors that all endpoints of
 * its kind return.
 */
import { ERRORS, type ErrorCode } from '../../kernel/errors.js';
import { isChange, limitOf, ruleFor } from '../guards/access.js';
import { REQUEST } from '../schemas/examples.js';
import { headersOf } from './headers.js';
import type { Node } from './node.js';

const REASONS: Readonly<Record<number, string>> = {
  400: 'The request is not valid.',
  401: 'The bearer token is missing or not valid.',
  403: 'The token lacks a permission, or the service is suspended.',
  404: 'The requested resource does not exist.',
  409: 'The request conflicts with the current state of the resource.',
  410: 'The requested data is no longer available.',
  413: 'The request body is too large.',
  415: 'The request body is not JSON.',
  429: 'The caller has sent too many requests.',
  500: 'The agent has a bug, or one of its records is damaged.',
  502: 'A remote system reported a failure.',
  503: 'The agent cannot accept the request at the moment.',
  504: 'A remote system did not respond in time.',
};

export interface CallFacts {
  readonly method: string;
  /** As registered: `/jobs/:id`. */
  readonly url: string;
  /** The errors of the endpoint itself. */
  readonly failures: readonly ErrorCode[];
}

/** Returns the codes in the order of the table of errors. */
export function codesOf({ method, url, failures }: CallFacts): ErrorCode[] {
  const { access, listener } = ruleFor(method, url);
  const isGuarded = access !== 'public' && listener === 'both';
  const mayHaveBody = method === 'POST' || method === 'PUT' || method === 'PATCH';
  const found = new Set<ErrorCode>([
    ...failures,
    ...(['invalid_request', 'internal_error', 'shutting_down'] as const),
    ...(isGuarded ? (['unauthorized', 'forbidden'] as const) : []),
    ...(mayHaveBody ? (['invalid_json', 'payload_too_large', 'unsupported_media_type'] as const) : []),
    ...(limitOf(method, url) === undefined ? [] : (['rate_limited'] as const)),
    ...(takesKey(method, url) ? (['idempotency_mismatch', 'state_unavailable'] as const) : []),
  ]);
  return Object.keys(ERRORS).filter((code): code is ErrorCode => found.has(code as ErrorCode));
}

/** Whether the endpoint supports `Idempotency-Key`. */
export function takesKey(method: string, url: string): boolean {
  return method === 'POST' && isChange(method, url);
}

/**
 * The error responses by HTTP status. If only one error code is possible for a status, the response is a component
 * that all endpoints share, and the component is named after the code.
 */
export function failedAnswers(
  codes: readonly ErrorCode[],
  responses: Map<string, Node>,
): Record<string, Node> {
  const statuses = [...new Set(codes.map((code) => ERRORS[code].status))].sort();
  return Object.fromEntries(
    statuses.map((status) => {
      const here = codes.filter((code) => ERRORS[code].status === status);
      const [first = 'internal_error', ...more] = here;
      if (more.length > 0) return [status, answerOf(status, first, here)];
      const name = nameOf(first);
      responses.set(name, answerOf(status, first, here));
      return [status, { $ref: `#/components/responses/${name}` }];
    }),
  );
}

/** `rate_limited` -> `RateLimited` */
function nameOf(code: ErrorCode): string {
  return code.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** `a`, `b` or `c`, each in backticks. */
function inWords(codes: readonly ErrorCode[]): string {
  const quoted = codes.map((code) => `\`${code}\``);
  return quoted.length > 1 ? `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1) ?? ''}` : quoted.join('');
}

function answerOf(status: number, first: ErrorCode, codes: readonly ErrorCode[]): Node {
  const example = { success: false, error: ERRORS[first].meaning, code: first, request_id: REQUEST };
  return {
    description: `${REASONS[status] ?? 'The request failed.'} The code is ${inWords(codes)}.`,
    headers: headersOf(status),
    content: {
      'application/json': { schema: { $ref: '#/components/schemas/Failure' }, example },
    },
  };
}
