/** The error responses of an endpoint: its own, and those that all endpoints of its kind share. */
import { ERRORS, type ErrorCode } from '../../kernel/errors.js';
import { isChange, limitOf, ruleFor } from '../guards/access.js';
import { REQUEST } from '../schemas/examples.js';
import { headersOf } from './headers.js';
import type { Node } from './node.js';

const REASONS: Readonly<Record<number, string>> = {
  400: 'The request is not valid',
  401: 'The token is missing or not valid',
  403: 'The token lacks a permission, or the service is suspended',
  404: 'The resource does not exist',
  409: 'The request conflicts with the current state',
  410: 'The resource existed, but is gone',
  413: 'The body is too large',
  415: 'The body is not JSON',
  429: 'Too many requests',
  500: 'A defect in the agent, or a damaged record',
  502: 'A remote system failed',
  503: 'The agent cannot accept the request now',
  504: 'A remote system did not respond in time',
};

export interface CallFacts {
  readonly method: string;
  /** As registered: `/jobs/:id`. */
  readonly url: string;
  /** The errors of the endpoint itself. */
  readonly failures: readonly ErrorCode[];
}

/** In the order of the table of errors. */
export function codesOf({ method, url, failures }: CallFacts): ErrorCode[] {
  const { access, listener } = ruleFor(method, url);
  const isGuarded = access !== 'public' && listener === 'both';
  const mayHaveBody = method === 'POST' || method === 'PATCH';
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

/** By status. A response with a single code is shared by all endpoints, under the name of the code. */
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

function answerOf(status: number, first: ErrorCode, codes: readonly ErrorCode[]): Node {
  const example = { success: false, error: ERRORS[first].meaning, code: first, request_id: REQUEST };
  return {
    description: `${REASONS[status] ?? 'Failed'}: ${codes.map((code) => `\`${code}\``).join(', ')}.`,
    headers: headersOf(status),
    content: {
      'application/json': { schema: { $ref: '#/components/schemas/Failure' }, example },
    },
  };
}
