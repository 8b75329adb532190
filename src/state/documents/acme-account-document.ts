/** The shape of the agent's account at a certificate authority, `acme/<id>.json`. */
import { Type } from 'typebox';
import { lazyCheck } from '../../kernel/lazy-check.js';
import { Secret } from '../../kernel/secret.js';
import type { AcmeAccount } from '../contract.js';
import type { DocumentKind } from './document.js';
import { NullableText, TextSchema } from './job-schema.js';
import { VERSIONS } from './migrations.js';
import { schemaErrorOf } from './schema-errors.js';

const AccountSchema = Type.Object({
  schema: Type.Literal(1),
  id: TextSchema,
  directoryUrl: TextSchema,
  key: Type.Unsafe<Secret>(Type.Refine(Type.Unknown(), (value) => value instanceof Secret)),
  url: NullableText,
});

const check = lazyCheck(AccountSchema);

export const acmeAccountKind: DocumentKind<AcmeAccount> = {
  name: 'acme account',
  version: VERSIONS.acmeAccount,
  fits: (value): value is AcmeAccount => check.Check(value) satisfies boolean,
  misfit: (value) => schemaErrorOf(check.Errors(value)),
};
