/** The shape of a service's document, and its path: `services/<2 hex of sha256(key)>/<panel>~<id>.json`. */
import { createHash } from 'node:crypto';
import { Type } from 'typebox';
import { lazyCheck } from '../../kernel/lazy-check.js';
import { EVENT_TYPES } from '../../model/service-event.js';
import { Secret } from '../../kernel/secret.js';
import {
  ID_PATTERN,
  type Service,
  type ServiceKey,
  SUSPENSION_REASONS,
  LIFECYCLES,
} from '../../model/service.js';
import { schemaErrorOf } from './schema-errors.js';
import type { DocumentKind } from './document.js';
import { JobSchema, JsonObjectSchema, NullableText, PlanSchema, TextSchema } from './job-schema.js';
import { VERSIONS } from './migrations.js';
import { SNAPSHOT_KINDS } from '../../model/guest.js';
import { PROOFS, CERTIFICATE_STATES } from '../../model/site.js';

const IdSchema = Type.String({ pattern: ID_PATTERN.source });
const SecretSchema = Type.Unsafe<Secret>(Type.Refine(Type.Unknown(), (value) => value instanceof Secret));

const counted = { day: TextSchema, number: Type.Integer({ minimum: 1 }) };

const GuestSchema = Type.Object({
  addresses: Type.Array(
    Type.Object({
      pool: TextSchema,
      address: TextSchema,
      prefix: Type.Integer({ minimum: 0, maximum: 128 }),
      gateway: TextSchema,
      network: Type.Optional(
        Type.Object({ bridge: NullableText, vlan: Type.Union([Type.Integer(), Type.Null()]) }),
      ),
    }),
  ),
  vmid: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
  node: NullableText,
  snapshots: Type.Array(
    Type.Object({
      name: TextSchema,
      kind: Type.Enum([...SNAPSHOT_KINDS]),
      createdAt: TextSchema,
    }),
  ),
  lastBackup: Type.Union([
    Type.Object({ ...counted, before: Type.Optional(Type.Object(counted)) }),
    Type.Null(),
  ]),
  power: Type.Optional(Type.Enum(['running', 'stopped'])),
  diskGb: Type.Optional(Type.Number()),
});

const SiteSchema = Type.Object({
  subdomain: TextSchema,
  fqdn: TextSchema,
  domains: Type.Array(
    Type.Object({
      domain: TextSchema,
      www: Type.Boolean(),
      provenBy: Type.Enum([...PROOFS]),
      certificate: Type.Object({
        state: Type.Enum([...CERTIFICATE_STATES]),
        expiresAt: NullableText,
        problem: NullableText,
        names: Type.Optional(Type.Array(TextSchema)),
      }),
      addedAt: TextSchema,
      stray: Type.Optional(Type.Object({ since: TextSchema, problem: TextSchema, off: Type.Boolean() })),
    }),
  ),
  domainWish: Type.Optional(
    Type.Object({
      name: TextSchema,
      nextAt: TextSchema,
      until: TextSchema,
      tries: Type.Integer({ minimum: 0 }),
      problem: NullableText,
    }),
  ),
  primaryDomain: TextSchema,
  proxyEnabled: Type.Boolean(),
});

const ServiceSchema = Type.Object({
  schema: Type.Literal(VERSIONS.service.current),
  panel: IdSchema,
  id: IdSchema,
  generation: Type.Integer({ minimum: 1 }),
  lifecycle: Type.Enum([...LIFECYCLES]),
  order: Type.Object({
    email: TextSchema,
    plan: TextSchema,
    planWord: TextSchema,
    publicIps: Type.Array(Type.String()),
    subdomain: Type.Optional(Type.String()),
    domain: Type.Optional(Type.String()),
    userId: Type.Optional(Type.String()),
    properties: Type.Optional(JsonObjectSchema),
    locale: Type.Optional(Type.String()),
    reservation: Type.Optional(Type.String()),
  }),
  email: TextSchema,
  userId: NullableText,
  locale: Type.Optional(Type.String()),
  plan: PlanSchema,
  module: Type.Object({ type: Type.Literal('product'), name: TextSchema }),
  guest: Type.Union([GuestSchema, Type.Null()]),
  site: Type.Union([SiteSchema, Type.Null()]),
  server: Type.Optional(
    Type.Union([Type.Object({ id: TextSchema, place: Type.Integer({ minimum: 1 }) }), Type.Null()]),
  ),
  suspendedFor: Type.Array(Type.Enum([...SUSPENSION_REASONS])),
  deletion: Type.Union([
    Type.Object({
      requestedAt: TextSchema,
      purgeAt: TextSchema,
      leftBehind: Type.Optional(Type.Array(Type.String())),
    }),
    Type.Null(),
  ]),
  secrets: Type.Record(Type.String(), SecretSchema),
  credentialsAcknowledgedAt: NullableText,
  data: JsonObjectSchema,
  jobs: Type.Array(JobSchema),
  events: Type.Optional(
    Type.Array(
      Type.Object({
        id: TextSchema,
        at: TextSchema,
        type: Type.Enum([...EVENT_TYPES]),
        data: JsonObjectSchema,
      }),
    ),
  ),
  createdAt: TextSchema,
  updatedAt: TextSchema,
  activeAt: NullableText,
  smallerPlanAt: Type.Optional(Type.String()),
});

const check = lazyCheck(ServiceSchema);

export const serviceKind: DocumentKind<Service> = {
  name: 'service',
  version: VERSIONS.service,
  fits: (value): value is Service => check.Check(value) satisfies boolean,
  misfit: (value) => schemaErrorOf(check.Errors(value)),
};

/** Folder (two hex digits) and file name of a service's document. */
export function placeOf(key: ServiceKey): { folder: string; file: string } {
  const [panel = '', id = ''] = key.split('/');
  if (!isId(panel) || !isId(id)) throw new RangeError('not a service key: a panel, a slash and an id');
  return {
    folder: createHash('sha256').update(key).digest('hex').slice(0, 2),
    file: `${panel}~${id}.json`,
  };
}

/** The service of a file name such as `default~12.json`; panel names and ids never contain `~`. */
export function keyOfFile(file: string): ServiceKey | undefined {
  const [, panel = '', id = ''] = /^([^~]+)~([^~]+)\.json$/.exec(file) ?? [];
  return isId(panel) && isId(id) ? `${panel}/${id}` : undefined;
}

function isId(text: string): boolean {
  return ID_PATTERN.test(text);
}
