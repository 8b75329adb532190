/** The shape of a server's document, `servers/<id>.json`. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Secret } from '../../kernel/secret.js';
import type { Server } from '../../model/server.js';
import type { DocumentKind } from './document.js';
import { JsonObjectSchema, TextSchema } from './job-schema.js';
import { VERSIONS } from './migrations.js';
import { schemaErrorOf } from './schema-errors.js';

const SecretSchema = Type.Unsafe<Secret>(Type.Refine(Type.Unknown(), (value) => value instanceof Secret));

const ServerSchema = Type.Object({
  schema: Type.Literal(VERSIONS.server.current),
  id: Type.String({ minLength: 1 }),
  module: Type.Object({ type: Type.Literal('product'), name: TextSchema }),
  name: TextSchema,
  group: TextSchema,
  host: TextSchema,
  port: Type.Integer({ minimum: 1, maximum: 65_535 }),
  tls: Type.Union([
    Type.Object({ ca: Type.Optional(TextSchema), fingerprint: Type.Optional(TextSchema) }),
    Type.Null(),
  ]),
  maxAccounts: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
  active: Type.Boolean(),
  data: JsonObjectSchema,
  credentials: Type.Record(Type.String(), SecretSchema),
  createdAt: TextSchema,
  updatedAt: TextSchema,
});

const check = Compile(ServerSchema);

export const serverKind: DocumentKind<Server> = {
  name: 'server',
  version: VERSIONS.server,
  fits: (value): value is Server => check.Check(value) satisfies boolean,
  misfit: (value) => schemaErrorOf(check.Errors(value)),
};
