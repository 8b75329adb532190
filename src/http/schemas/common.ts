/** Parts that the schemas of several routes share. */
import { type Static, type TProperties, type TSchema, Type } from 'typebox';
import { ERRORS, type ErrorCode } from '../../kernel/errors.js';
import { STATUS_WORDS } from '../../model/status.js';

/** In every answer that is JSON. */
const Warnings = Type.Optional(
  Type.Array(Type.String(), {
    description:
      'What of the call was not understood, or not done as asked: `subdomian is not known; did you mean subdomain?`',
  }),
);

/** The one shape of every failed answer; `errors` names fields. */
export const FailureBody = Type.Object(
  {
    success: Type.Literal(false),
    error: Type.String({ description: 'One plain sentence that a customer may read.' }),
    code: Type.Enum(Object.keys(ERRORS), { description: 'Stable.' }),
    request_id: Type.String({ description: 'Finds the call in the log.' }),
    errors: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'field -> what is wrong with it' }),
    ),
    warnings: Warnings,
  },
  { $id: 'Failure' },
);

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad or missing input',
  401: 'No, unknown, revoked or expired token',
  403: 'The token lacks the permission, or the service is suspended',
  404: 'Unknown service, job or call',
  409: 'Duplicate, or an incompatible operation',
  413: 'The body is too large',
  415: 'The body is not JSON',
  429: 'Too many calls',
  500: 'A defect, or a damaged record',
  502: 'A system behind the agent failed',
  503: 'No capacity, not recorded, or stopping; see Retry-After',
  504: 'A system behind the agent took too long',
};

/** What a guarded route answers besides its good ones: these codes, and the ones that any call can meet. */
export function failures(...codes: ErrorCode[]): Record<number, TSchema> {
  return failuresOf(...ALWAYS, ...codes);
}

/** The same without what any guarded call can meet. */
export function failuresOf(...codes: ErrorCode[]): Record<number, TSchema> {
  const statuses = new Set(codes.map((code) => ERRORS[code].status));
  return Object.fromEntries([...statuses].sort().map((status) => [status, failureOf(status, codes)]));
}

const ALWAYS: readonly ErrorCode[] = [
  'invalid_request',
  'unauthorized',
  'forbidden',
  'internal_error',
  'shutting_down',
];

function failureOf(status: number, codes: readonly ErrorCode[]): TSchema {
  const names = codes.filter((code) => ERRORS[code].status === status);
  const reason = REASONS[status] ?? 'Failed';
  return {
    description: names.length > 0 ? `${reason}: ${names.map((name) => `\`${name}\``).join(', ')}` : reason,
    content: { 'application/json': { schema: Type.Ref('Failure#'), example: exampleOf(names[0]) } },
  };
}

/** Without it the page makes one up that no call would ever answer. */
function exampleOf(code: ErrorCode = 'internal_error') {
  const request_id = '01900000-0000-7000-8000-000000000000';
  return { success: false, error: ERRORS[code].meaning, code, request_id };
}

/** `{success: true, ...}` */
export function success<T extends TProperties>(properties: T, description: string) {
  return Type.Object({ success: Type.Literal(true), ...properties, warnings: Warnings }, { description });
}

/** Only for answers. A list of types, as the serializer would run a validator for a union at every call. */
export function nullable<T extends TSchema>(schema: T) {
  if (isEnum(schema))
    return Type.Unsafe<Static<T> | null>({
      ...schema,
      type: ['string', 'null'],
      enum: [...schema.enum, null],
    });
  return Type.Unsafe<Static<T> | null>({ ...schema, type: [Reflect.get(schema, 'type'), 'null'] });
}

function isEnum(schema: TSchema): schema is TSchema & { readonly enum: readonly unknown[] } {
  return Array.isArray(Reflect.get(schema, 'enum'));
}

export const Instant = Type.String({ format: 'date-time', description: 'RFC 3339, UTC' });

const ID_RULE =
  'must be 1 to 64 letters, digits, dots, underscores or hyphens, not starting with a dot or hyphen';
const ID_TEXT = '^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$';

/** The panel's id of a service: text or a whole number in, text out. */
export const ServiceIdIn = Type.Union(
  [Type.String({ pattern: ID_TEXT }), Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })],
  { 'x-rule': ID_RULE, description: "The panel's id of the service." },
);

/** The same where it is part of a URL. */
export const ServiceIdText = Type.String({
  pattern: ID_TEXT,
  'x-rule': ID_RULE,
  description: "The panel's id of the service.",
});

export const JobIdText = Type.String({
  pattern: '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$',
  'x-rule': 'must be the id of a job',
});

export const Limit = Type.Integer({
  minimum: 1,
  maximum: 1000,
  default: 100,
  'x-rule': 'must be a whole number from 1 to 1000',
});

export const Cursor = Type.String({ maxLength: 200, description: '`next_cursor` of the page before.' });

export const StatusText = Type.Enum([...STATUS_WORDS]);
