/** Parts that the schemas of several routes share. A schema with a `title` is described once, under that name. */
import { type TObject, type TProperties, Type } from 'typebox';
import { ERRORS } from '../../kernel/errors.js';
import { STATUS_WORDS } from '../../model/status.js';
import { REQUEST, SERVICE } from './examples.js';
import { word } from './fields.js';
import { explained, STATUS_MEANINGS } from './states.js';

/** In every answer that is JSON. */
export const Warnings = Type.Array(Type.String(), {
  title: 'Warnings',
  description:
    'What was not understood, or not done as asked: `subdomian is not known; did you mean subdomain?`. Absent when there is nothing to say.',
});

/** The one shape of every failed answer; `errors` names fields. */
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
      description: 'Finds this request in the log. The same as the header `X-Request-Id`.',
      examples: [REQUEST],
    }),
    errors: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        description: 'What is wrong with each field, by its name. Present when fields are missing or wrong.',
      }),
    ),
    warnings: Type.Optional(Warnings),
  },
  { title: 'Failure', description: 'The answer to every request that was refused or failed.' },
);

/** `{success: true, ...}`. `example`: what is truer of this answer than the fields' own examples. */
export function success<T extends TProperties>(
  fields: TObject<T>,
  description: string,
  example: Readonly<Record<string, unknown>> = {},
) {
  return Type.Object(
    {
      success: Type.Literal(true, { description: 'True: the request was carried out or accepted.' }),
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
const ID_MEANING = "The panel's id of the service.";

/** The panel's id of a service: text or a whole number in, text out. */
export const ServiceIdIn = Type.Union(
  [Type.String({ pattern: ID_TEXT }), Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })],
  { 'x-rule': ID_RULE, description: ID_MEANING, examples: [SERVICE] },
);

/** The same where it is part of a URL. */
export const ServiceIdText = Type.String({
  pattern: ID_TEXT,
  'x-rule': ID_RULE,
  description: ID_MEANING,
  examples: [SERVICE],
});

/** The same in answers. */
export const ServiceId = Type.String({ description: ID_MEANING, examples: [SERVICE] });

export const Limit = Type.Integer({
  minimum: 1,
  maximum: 1000,
  default: 100,
  'x-rule': 'must be a whole number from 1 to 1000',
  description: 'How many entries to return at most.',
  examples: [100],
});

export const Cursor = Type.String({
  maxLength: 200,
  description: '`next_cursor` of the previous page. Omit it for the first page.',
});

/** Of a page of a list; null ends it. */
export const NextCursor = Type.Unsafe<string | null>({
  type: ['string', 'null'],
  description: 'Pass it as `cursor` to get the next page. Null: this is the last page.',
  examples: [null],
});

export const StatusText = word(
  STATUS_WORDS,
  explained('The state of the service in one word.', STATUS_MEANINGS),
  'running',
);
