/** Headers of requests and responses. */
import { REQUEST } from '../schemas/examples.js';
import type { Node } from './node.js';

const header = (description: string, schema: Node): Node => ({ description, schema });

/** `components.headers` */
export const HEADERS = {
  'X-Request-Id': header('The ID of this request in the log.', {
    type: 'string',
    examples: [REQUEST],
  }),
  'Retry-After': header('The number of seconds to wait before the next attempt.', {
    type: 'integer',
    examples: [5],
  }),
  'WWW-Authenticate': header('How to authenticate.', { type: 'string', const: 'Bearer' }),
  'Preference-Applied': header(
    'The preferences of the header `Prefer` that were applied (RFC 7240). The header is absent if none ' +
      'was applied.',
    {
      type: 'string',
      examples: ['respond-async'],
    },
  ),
  'Idempotency-Replayed': header(
    'This header is present if the response was stored for an earlier request with the same ' +
      '`Idempotency-Key`.',
    { type: 'string', const: 'true' },
  ),
} as const satisfies Readonly<Record<string, Node>>;

type HeaderName = keyof typeof HEADERS;

const refs = (names: readonly HeaderName[]): Node =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** The headers of an error response. */
export function headersOf(status: number): Node {
  return refs([
    'X-Request-Id',
    ...(status === 429 || status === 503 ? (['Retry-After'] as const) : []),
    ...(status === 401 ? (['WWW-Authenticate'] as const) : []),
  ]);
}

export interface HeaderFacts {
  /** The endpoint supports `Prefer`. */
  readonly prefers: boolean;
  /** The endpoint supports `Idempotency-Key`. */
  readonly takesKey: boolean;
}

/** The headers of a successful response. */
export function goodHeaders({ prefers, takesKey }: HeaderFacts): Node {
  return refs([
    'X-Request-Id',
    ...(prefers ? (['Preference-Applied'] as const) : []),
    ...(takesKey ? (['Idempotency-Replayed'] as const) : []),
  ]);
}

/** `components.parameters` */
export const PARAMETERS = {
  RequestId: {
    name: 'X-Request-Id',
    in: 'header',
    required: false,
    description:
      'An ID that the caller chooses for the request. It has 1 to 64 letters, digits, dots, ' +
      'underscores or hyphens. If the header is omitted, the agent generates an ID.',
    schema: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
  },
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    required: false,
    description:
      'A text of 1 to 255 printable characters without spaces. If the same request is repeated with ' +
      'the same key within 24 hours, the agent sends the first response again, with the current ' +
      'status. A different request with the same key is refused.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  },
  Prefer: {
    name: 'Prefer',
    in: 'header',
    required: false,
    description:
      '`respond-async`: respond immediately. `wait=N`: wait for the job for at most N seconds, up to ' +
      '20 (RFC 7240). If the header is omitted, the response is sent when the job has ended, or ' +
      'after 20 seconds at the latest.',
    schema: { type: 'string', examples: ['respond-async', 'wait=5'] },
  },
} as const satisfies Readonly<Record<string, Node>>;

export function headerParameters({ prefers, takesKey }: HeaderFacts): Node[] {
  const names: (keyof typeof PARAMETERS)[] = [
    'RequestId',
    ...(takesKey ? (['IdempotencyKey'] as const) : []),
    ...(prefers ? (['Prefer'] as const) : []),
  ];
  return names.map((name) => ({ $ref: `#/components/parameters/${name}` }));
}
