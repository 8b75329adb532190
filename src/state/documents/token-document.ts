/** The shape of an API token's document, `tokens/<id>.json`. */
import { Type } from 'typebox';
import { lazyCheck } from '../../kernel/lazy-check.js';
import type { ApiToken } from '../contract.js';
import type { DocumentKind } from './document.js';
import { NullableText, TextSchema } from './job-schema.js';
import { VERSIONS } from './migrations.js';
import { schemaErrorOf } from './schema-errors.js';

const TokenSchema = Type.Object({
  schema: Type.Literal(VERSIONS.token.current),
  id: Type.String({ minLength: 1 }),
  name: TextSchema,
  panel: TextSchema,
  permissions: Type.Array(Type.String()),
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  former: Type.Array(Type.Object({ sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }), until: TextSchema })),
  createdAt: TextSchema,
  expiresAt: NullableText,
  revokedAt: NullableText,
  networks: Type.Array(Type.String()),
});

const check = lazyCheck(TokenSchema);

export const tokenKind: DocumentKind<ApiToken> = {
  name: 'token',
  version: VERSIONS.token,
  fits: (value): value is ApiToken => check.Check(value) satisfies boolean,
  misfit: (value) => schemaErrorOf(check.Errors(value)),
};
