/** The arguments of the calls that the code of every module may make, as schemas, because it may pass anything. */
import { type TSchema, Type } from 'typebox';
import { TASK_RANGES } from '../../model/new-task.js';
import { LIFECYCLES } from '../../model/service.js';
import type { ModuleCallName } from '../kit/host-calls.js';
import { JWT_ALGORITHMS } from '../kit/jwt-types.js';
import { MAIL_SECURITY } from '../kit/mail-types.js';
import { CHARACTER_CLASSES, DIGESTS, DNS_TYPES, ENCODINGS, HTTP_METHODS } from '../kit/module-call-types.js';

const closed = { additionalProperties: false };
const KIB = 1024;

const text = (maxLength: number, minLength = 0): TSchema => Type.String({ minLength, maxLength });
const either = (...schemas: TSchema[]): TSchema => Type.Union(schemas);
const oneOf = (values: readonly string[]): TSchema => Type.Enum([...values]);
/** An object whose keys may all be left out. */
const options = (fields: Record<string, TSchema>): TSchema =>
  Type.Object(
    Object.fromEntries(Object.entries(fields).map(([key, schema]) => [key, Type.Optional(schema)])),
    closed,
  );
/** An object with all of `needed`, and any of `optional`. */
const record = (needed: Record<string, TSchema>, optional: Record<string, TSchema> = {}): TSchema =>
  Type.Object(
    {
      ...needed,
      ...Object.fromEntries(Object.entries(optional).map(([key, schema]) => [key, Type.Optional(schema)])),
    },
    closed,
  );
const args = (...needed: TSchema[]): TSchema => Type.Tuple(needed);
/** The arguments, of which the last may be left out. */
const argsWithOptional = (needed: readonly TSchema[], last: TSchema): TSchema =>
  either(Type.Tuple([...needed]), Type.Tuple([...needed, last]));
const seconds = (maximum: number): TSchema => Type.Number({ exclusiveMinimum: 0, maximum });

/** The names of secrets that modules choose. A reference may also have a name that the agent chose. */
export const SECRET_NAME = '^[a-z][a-z0-9_]{0,39}$';
const SecretName = Type.String({ pattern: SECRET_NAME });
const Reference = record({ secret: text(200, 1) });
const Text = either(text(16 * KIB), Reference);
const Texts = Type.Record(Type.String({ maxLength: 200 }), Text, { maxProperties: 200 });

const Key = text(200, 1);
const Tags = Type.Array(text(100, 1), { maxItems: 10 });
const CacheOptions = options({ ttlS: seconds(30 * 86_400), tags: Tags });

const Flag = Type.Boolean();
const Port = Type.Integer({ minimum: 1, maximum: 65_535 });
const Host = Type.String({ minLength: 1, maxLength: 255, pattern: '^[A-Za-z0-9_.:-]+$' });
const Pem = text(64 * KIB);

const Request = record(
  { url: text(8 * KIB, 1) },
  {
    baseUrl: text(2 * KIB, 1),
    method: oneOf(HTTP_METHODS),
    query: Type.Record(Type.String({ maxLength: 200 }), either(text(4 * KIB), Type.Number(), Flag), {
      maxProperties: 200,
    }),
    headers: Type.Record(Type.String({ pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$" }), Text, {
      ...closed,
      maxProperties: 50,
    }),
    basicAuth: record({ user: Text, password: Text }),
    bearer: Text,
    form: Texts,
    json: Type.Unknown(),
    literalJson: Flag,
    body: Type.String(),
    timeoutS: seconds(300),
    retries: Type.Integer({ minimum: 0, maximum: 5 }),
    maxBytes: Type.Integer({ minimum: 1, maximum: 4 * KIB * KIB }),
    encoding: oneOf(['utf8', 'base64']),
    tls: options({
      ca: Pem,
      fingerprint: Type.String({ pattern: '^([0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}$' }),
    }),
    publicOnly: Flag,
  },
);

const Part = either(Type.String(), Reference, record({ base64: Type.String() }));
const digest = { algorithm: oneOf(DIGESTS), parts: Type.Array(Part, { minItems: 1, maxItems: 100 }) };
const encoding = { encoding: oneOf(ENCODINGS) };
const hmac = { ...digest, key: either(Part, record({ secret: text(200, 1), ...encoding })) };

const Claims = Type.Record(Type.String({ maxLength: 100 }), Type.Unknown(), { maxProperties: 100 });

/** Line breaks would begin another header. */
const Line = Type.String({ minLength: 1, maxLength: 1_000, pattern: '^[^\\r\\n\\u0000]*$' });
const Address = Type.String({ maxLength: 320, pattern: '^[^\\r\\n\\u0000]*@[^\\r\\n\\u0000]*$' });
const Addresses = Type.Array(Address, { maxItems: 50 });
const Mail = record(
  {
    server: record(
      { host: Host },
      { port: Port, security: oneOf(MAIL_SECURITY), user: Text, password: Text, ca: Pem },
    ),
    from: Address,
    to: Type.Array(Address, { minItems: 1, maxItems: 50 }),
    subject: Line,
  },
  {
    ...{ cc: Addresses, bcc: Addresses, replyTo: Address, text: Type.String(), html: Type.String() },
    messageId: Type.String({ maxLength: 200, pattern: '^<[^<>@\\s]+@[^<>@\\s]+>$' }),
    timeoutS: seconds(120),
  },
);

const probe = { timeoutS: seconds(30), publicOnly: Flag };
const AlertKey = Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$' });
const Alert = record(
  { text: text(600, 1) },
  { data: Type.Record(Type.String({ maxLength: 100 }), Type.Unknown(), { maxProperties: 50 }) },
);
const Panel = text(64, 1);

export const MODULE_CALL_ARGUMENTS: Readonly<Record<ModuleCallName, TSchema>> = {
  'secrets.ensure': argsWithOptional([SecretName], Type.Integer({ minimum: 12, maximum: 128 })),
  'secrets.put': args(SecretName, either(text(16 * KIB, 1), Reference)),
  'secrets.password': argsWithOptional(
    [],
    options({
      name: SecretName,
      length: Type.Integer({ minimum: 12, maximum: 128 }),
      classes: Type.Array(oneOf(CHARACTER_CLASSES), { minItems: 1, maxItems: 4, uniqueItems: true }),
    }),
  ),
  'cache.get': args(Key),
  'cache.put': argsWithOptional([Key, Type.Unknown()], CacheOptions),
  'cache.forget': args(Key),
  'cache.flush': argsWithOptional([], Type.Array(text(100, 1), { minItems: 1, maxItems: 10 })),
  'http.request': args(Request),
  'crypto.digest': args(record(digest, encoding)),
  'crypto.hmac': args(record(hmac, encoding)),
  'crypto.verify': args(record({ ...hmac, signature: text(1_024) }, encoding)),
  'crypto.basic': args(record({ header: text(4 * KIB), user: Text, password: Text })),
  'crypto.signJwt': args(
    record(
      { algorithm: oneOf(JWT_ALGORITHMS), key: hmac.key, claims: Claims },
      { expiresInS: Type.Integer({ minimum: 1, maximum: 86_400 }), keyId: text(200, 1) },
    ),
  ),
  'crypto.verifyJwt': args(
    record(
      { algorithm: oneOf(JWT_ALGORITHMS), key: hmac.key, token: text(16 * KIB) },
      { issuer: text(500), audience: text(500) },
    ),
  ),
  'mail.send': args(Mail),
  'probe.ping': args(record({ host: Host }, probe)),
  'probe.tcp': args(record({ host: Host, port: Port }, probe)),
  'probe.tls': args(record({ host: Host }, { ...probe, port: Port, serverName: Host, ca: Pem })),
  'probe.dns': args(record({ name: Host, type: oneOf(DNS_TYPES) }, { timeoutS: seconds(30) })),
  'alerts.raise': args(AlertKey, Alert),
  'alerts.clear': args(AlertKey),
  'services.get': argsWithOptional([text(64, 1)], Panel),
  'services.page': argsWithOptional(
    [],
    options({
      panel: Panel,
      module: text(64, 1),
      plan: text(200, 1),
      status: oneOf(LIFECYCLES),
      limit: Type.Integer({ minimum: 1, maximum: 100 }),
      after: text(200, 1),
    }),
  ),
  'tasks.add': argsWithOptional(
    [text(64, 1)],
    options({
      ...{ input: Type.Unknown(), key: text(100, 1), tags: Type.Array(text(100, 1), { maxItems: 10 }) },
      service: either(record({ panel: Panel, id: text(64, 1) }), Type.Null()),
      ...{ tries: Type.Integer(TASK_RANGES.tries), maxExceptions: Type.Integer(TASK_RANGES.maxExceptions) },
      ...{ backoff: Type.Number(TASK_RANGES.backoff), timeout: Type.Number(TASK_RANGES.timeout) },
      delay: Type.Number(TASK_RANGES.delay),
    }),
  ),
  'events.emit': argsWithOptional(
    [Type.String({ pattern: '^[a-z][a-z0-9_.-]{0,63}$' })],
    Type.Record(Type.String({ maxLength: 200 }), Type.Unknown()),
  ),
  'metrics.observe': args(
    Type.String({ pattern: '^[a-z][a-z0-9_]{0,49}$' }),
    Type.Number({ minimum: 0, maximum: 1e7 }),
    Flag,
  ),
};
