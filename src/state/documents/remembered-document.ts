/** The shape of a remembered response's document, `remembered/<id>.json`. */
import { Type } from 'typebox';
import { lazyCheck } from '../../kernel/lazy-check.js';
import { Secret } from '../../kernel/secret.js';
import type { RememberedCall } from '../contract.js';
import type { DocumentKind } from './document.js';
import { NullableText, TextSchema } from './job-schema.js';
import { VERSIONS } from './migrations.js';
import { schemaErrorOf } from './schema-errors.js';

const SecretSchema = Type.Unsafe<Secret>(Type.Refine(Type.Unknown(), (value) => value instanceof Secret));

const RememberedSchema = Type.Object({
  schema: Type.Literal(1),
  id: TextSchema,
  fingerprint: TextSchema,
  requestId: TextSchema,
  panel: Type.Optional(TextSchema),
  token: Type.Optional(TextSchema),
  serviceId: NullableText,
  answer: Type.Union([
    Type.Object({ code: Type.Integer({ minimum: 200, maximum: 599 }), body: SecretSchema }),
    Type.Null(),
  ]),
  createdAt: TextSchema,
  expiresAt: TextSchema,
});

const check = lazyCheck(RememberedSchema);

export const rememberedKind: DocumentKind<RememberedCall> = {
  name: 'remembered',
  version: VERSIONS.remembered,
  fits: (value): value is RememberedCall => check.Check(value) satisfies boolean,
  misfit: (value) => schemaErrorOf(check.Errors(value)),
};
