/**
 * Parts that the schemas of several routes share. If a schema has a `title`, the API description contains the schema
 * once, under this title.
 */
import { type TObject, type TProperties, Type } from 'typebox';
import { ERRORS } from '../../kernel/errors.js';
import { STATUS_WORDS } from '../../model/status.js';
import { REQUEST, SERVICE } from './examples.js';
import { word } from './fields.js';
import { explained, STATUS_MEANINGS } from './states.js';

/** In every JSON response. */
export const Warnings = Type.Array(Type.String(), {
  title: 'Warnings',
  description:
    'Sentences about what the agent ignored or did not do as requested, such as `subdomian is not ' +
    'known; did you mean subdomain?`. The field is absent if there are no warnings.',
});

/** The format of all error responses. `errors` lists problems by the name of the field. */
export const FailureBody = Type.Object(
  {
    success: Type.Literal(false, { description: 'Always false: the request was refused or failed.' }),
    error: Type.String({
      description: 'The error as one plain sentence that a customer may read.',
      examples: ['This panel has no service with this id.'],
    }),
    code: Type.Enum(Object.keys(ERRORS), {
      description:
        'The error code. The codes are stable, but the sentence in `error` may change between releases.',
      examples: ['service_not_found'],
    }),
    request_id: Type.String({
      description: 'The ID of this request in the log. The header `X-Request-Id` contains the same ID.',
      examples: [REQUEST],
    }),
    errors: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description:
          'An object that maps each missing or invalid field to its problem. The object is absent if no ' +
          'field is missing or invalid.',
      }),
    ),
    warnings: Type.Optional(Warnings),
  },
  { title: 'Failure', description: 'The response to a request that was refused or that failed.' },
);

/** The schema of `{success: true, ...}`. `example` contains values that replace the examples of individual fields. */
export function success<T extends TProperties>(
  fields: TObject<T>,
  description: string,
  example: Readonly<Record<string, unknown>> = {},
) {
  return Type.Object(
    {
      success: Type.Literal(true, {
        description: 'Always true: the request was completed, or was accepted as a job.',
      }),
      ...fields.properties,
      warnings: Type.Optional(Warnings),
    },
    {
      description,
      'x-example': example,
      ...('title' in fields ? { 'x-all-of': fields } : {}),
    },
  );
}

const ID_RULE =
  'must be 1 to 64 letters, digits, dots, underscores or hyphens, not starting with a dot or hyphen';
const ID_TEXT = '^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$';
const ID_MEANING = 'The ID of the service in the panel.';

/** The ID of a service in the panel. Requests may send it as text or as a whole number; responses contain text. */
export const ServiceIdIn = Type.Union(
  [Type.String({ pattern: ID_TEXT }), Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })],
  { 'x-rule': ID_RULE, description: ID_MEANING, examples: [SERVICE] },
);

/** The same ID in a URL. */
export const ServiceIdText = Type.String({
  pattern: ID_TEXT,
  'x-rule': ID_RULE,
  description: ID_MEANING,
  examples: [SERVICE],
});

/** The same ID in responses. */
export const ServiceId = Type.String({ description: ID_MEANING, examples: [SERVICE] });

export const Limit = Type.Integer({
  minimum: 1,
  maximum: 1000,
  default: 100,
  'x-rule': 'must be a whole number from 1 to 1000',
  description: 'The maximum number of entries to return.',
  examples: [100],
});

export const Cursor = Type.String({
  maxLength: 200,
  description: 'The `next_cursor` of the previous page. Omit this parameter to get the first page.',
});

/** The cursor in the response of a list. The value is null on the last page. */
export const NextCursor = Type.Unsafe<string | null>({
  type: ['string', 'null'],
  description: 'Send this value as `cursor` to get the next page. The value is null on the last page.',
  examples: [null],
});

export const StatusText = word(
  STATUS_WORDS,
  explained('The status of the service in one word.', STATUS_MEANINGS),
  'running',
);
