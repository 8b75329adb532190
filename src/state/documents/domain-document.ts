/** The shape of a custom domain's document, `domains/<id>.json`. */
import { Type } from 'typebox';
import { lazyCheck } from '../../kernel/lazy-check.js';
import type { CustomDomainRecord } from '../../model/custom-domain.js';
import { Secret } from '../../kernel/secret.js';
import { ID_PATTERN, type ServiceKey } from '../../model/service.js';
import type { DocumentKind } from './document.js';
import { NullableText, TextSchema } from './job-schema.js';
import { VERSIONS } from './migrations.js';
import { schemaErrorOf } from './schema-errors.js';

const SecretSchema = Type.Unsafe<Secret>(Type.Refine(Type.Unknown(), (value) => value instanceof Secret));
const Names = Type.Array(TextSchema);
const KEY = `${ID_PATTERN.source.slice(0, -1)}/${ID_PATTERN.source.slice(1)}`;

const DomainSchema = Type.Object({
  schema: Type.Literal(1),
  id: Type.String({ pattern: '^[0-9a-f]{40}$' }),
  domain: TextSchema,
  registered: TextSchema,
  owner: Type.Object({ panel: TextSchema, userId: NullableText, email: TextSchema }),
  service: Type.Union([Type.Unsafe<ServiceKey>(Type.String({ pattern: KEY })), Type.Null()]),
  quarantineUntil: NullableText,
  certificate: Type.Union([
    Type.Object({
      names: Names,
      chain: TextSchema,
      key: SecretSchema,
      issuedAt: TextSchema,
      expiresAt: TextSchema,
    }),
    Type.Null(),
  ]),
  issued: Type.Array(Type.Object({ at: TextSchema, names: Names })),
  refusals: Type.Array(TextSchema),
  failures: Type.Integer({ minimum: 0 }),
  nextAt: NullableText,
  problem: NullableText,
  checkedAt: Type.Optional(TextSchema),
  off: Type.Optional(Type.Boolean()),
});

const check = lazyCheck(DomainSchema);

export const domainKind: DocumentKind<CustomDomainRecord> = {
  name: 'domain',
  version: VERSIONS.domain,
  fits: (value): value is CustomDomainRecord => check.Check(value) satisfies boolean,
  misfit: (value) => schemaErrorOf(check.Errors(value)),
};
