/** Parts that the schemas of several routes share. A schema with a `title` is described once, under that name. */
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
    'What was ignored or not done as requested: `subdomian is not known; did you mean subdomain?`. ' +
    'Absent if there are no warnings.',
});

/** The format of all error responses; `errors` names fields. */
export const FailureBody = Type.Object(
  {
    success: Type.Literal(false, { description: 'False: the request was refused or failed.' }),
    error: Type.String({
      description: 'One plain sentence that a customer may read.',
      examples: ['This panel has no service with this id.'],
    }),
    code: Type.Enum(Object.keys(ERRORS), {
      description: 'Identifies the kind of failure. Codes are stable; the sentence may change.',
      examples: ['service_not_found'],
    }),
    request_id: Type.String({
      description: 'The ID that identifies this request in the log. Equal to the header `X-Request-Id`.',
      examples: [REQUEST],
    }),
    errors: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'The problem with each field, by name. Present if fields are missing or invalid.',
      }),
    ),
    warnings: Type.Optional(Warnings),
  },
  { title: 'Failure', description: 'The response to every request that was refused or failed.' },
);

/** `{success: true, ...}`. `example`: values that replace the examples of the fields. */
export function success<T extends TProperties>(
  fields: TObject<T>,
  description: string,
  example: Readonly<Record<string, unknown>> = {},
) {
  return Type.Object(
    {
      success: Type.Literal(true, { description: 'True: the request was executed or accepted.' }),
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
const ID_MEANING = "The panel's ID of the service.";

/** The panel's ID of a service: text or a whole number in requests, text in responses. */
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
  description: '`next_cursor` of the previous page. Omit it for the first page.',
});

/** For a page of a list; null: this is the last page. */
export const NextCursor = Type.Unsafe<string | null>({
  type: ['string', 'null'],
  description: 'Pass it as `cursor` to get the next page. Null: this is the last page.',
  examples: [null],
});

export const StatusText = word(
  STATUS_WORDS,
  explained('The status of the service in one word.', STATUS_MEANINGS),
  'running',
);
