/** The arguments of the calls that a step of a service's job may make, as schemas: module code may pass anything. */
import { type TSchema, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { unusable } from '../engine/bounded-call.js';
import { COLLECTION_LIMITS, COLLECTION_NAME } from '../../model/collection.js';
import { PROXY_STATES } from '../../model/proxy-state.js';
import type { ServiceCallName } from '../../modules/kit/host-calls.js';

/** Throws `module_failed`, which says what is wrong with the arguments. */
export type CallCheck<N extends string> = (name: N, args: readonly unknown[]) => void;

const closed = { additionalProperties: false };
const Name = Type.String({ minLength: 1, maxLength: 200 });
const Secret = Type.Object({ secret: Name }, closed);
const Values = Type.Record(Type.String(), Type.Union([Type.String(), Secret]));
/** Names that Proxmox accepts as host names: labels of letters, digits and hyphens. */
const HOST_NAME =
  '^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)([.][A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$';
const Source = Type.Object(
  {
    kind: Type.Enum(['template', 'os', 'image']),
    template: Type.Optional(Type.String({ maxLength: 200 })),
    image: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
    hostname: Type.Optional(Type.String({ maxLength: 253, pattern: HOST_NAME })),
  },
  closed,
);
const Seconds = Type.Number({ minimum: 0, maximum: 86_400 });
const Script = Type.Object(
  { name: Name, body: Type.String(), values: Values, timeoutS: Type.Optional(Seconds) },
  closed,
);
const Proxy = Type.Object(
  {
    state: Type.Enum([...PROXY_STATES]),
    port: Type.Integer({ minimum: 1, maximum: 65_535 }),
    without: Type.Optional(Type.Array(Type.String({ maxLength: 255 }))),
  },
  closed,
);
const SiteRequest = Type.Object(
  {
    path: Type.String({ maxLength: 8_192, pattern: '^/' }),
    method: Type.Optional(Type.Enum(['GET', 'POST'])),
    form: Type.Optional(Values),
    cookies: Type.Optional(Type.Record(Type.String(), Type.String())),
  },
  closed,
);
const Resize = Type.Object({ plan: Type.Enum(['present', 'requested']), disk: Type.Boolean() }, closed);
const SnapshotKind = Type.Enum(['initial', 'backup', 'safety']);

const Collection = Type.Object(
  {
    name: Type.String({ pattern: COLLECTION_NAME.source }),
    migration: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()]),
  },
  closed,
);
const Key = Type.String({ minLength: 1, maxLength: 128 });
const Version = Type.Integer({ minimum: 1 });
const Data = Type.Record(Type.String(), Type.Unknown());
const ServiceId = Type.Object({ panel: Name, id: Name }, closed);
const NewDocument = Type.Object(
  { key: Type.Optional(Key), service: Type.Optional(ServiceId), data: Data },
  closed,
);
const Indexed = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]);
const Query = Type.Object(
  {
    index: Type.Optional(Name),
    equals: Type.Optional(Type.Array(Indexed, { maxItems: 16 })),
    from: Type.Optional(Indexed),
    to: Type.Optional(Indexed),
    service: Type.Optional(ServiceId),
    descending: Type.Optional(Type.Boolean()),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: COLLECTION_LIMITS.page })),
    after: Type.Optional(Type.String({ maxLength: 8_192 })),
  },
  closed,
);

const none = Type.Tuple([]);
const SERVICE_CALLS: Readonly<Record<ServiceCallName, TSchema>> = {
  'container.allocate': Type.Tuple([Source]),
  'container.ensure': Type.Tuple([Source]),
  'container.checkImage': Type.Tuple([Source]),
  'container.start': none,
  'container.run': Type.Tuple([Script]),
  'container.stop': Type.Tuple([Seconds]),
  'container.resize': Type.Tuple([Resize]),
  'container.converge': Type.Tuple([Source]),
  'container.snapshot': Type.Tuple([Name, Type.String({ maxLength: 4_096 }), SnapshotKind]),
  'container.unsnapshot': Type.Tuple([Name]),
  'container.rollback': Type.Tuple([Name]),
  'container.look': none,
  'container.remove': none,
  'ha.ensure': none,
  'ha.remove': none,
  'plan.check': none,
  'dns.ensure': none,
  'dns.remove': none,
  'proxy.ensure': Type.Tuple([Proxy]),
  'proxy.remove': none,
  'site.fetch': Type.Tuple([SiteRequest]),
  'servers.allocate': none,
  'servers.current': none,
  'collections.create': Type.Tuple([Collection, NewDocument]),
  'collections.insertMany': Type.Tuple([
    Collection,
    Type.Array(NewDocument, { maxItems: COLLECTION_LIMITS.atOnce }),
  ]),
  'collections.get': Type.Tuple([Collection, Key]),
  'collections.page': Type.Tuple([Collection, Query]),
  'collections.update': Type.Tuple([Collection, Key, Data, Version]),
  'collections.delete': Type.Union([Type.Tuple([Collection, Key]), Type.Tuple([Collection, Key, Version])]),
  'data.save': Type.Tuple([Type.Record(Type.String(), Type.Unknown())]),
};

export function serviceCallCheck(): CallCheck<ServiceCallName> {
  return callCheck(SERVICE_CALLS);
}

/** Compiles each schema at its first use. The name must be in the table. */
export function callCheck<N extends string>(schemas: Readonly<Record<N, TSchema>>): CallCheck<N> {
  const compiled = new Map<N, ReturnType<typeof Compile>>();
  return (name, args) => {
    const known = compiled.get(name) ?? Compile(schemas[name]);
    compiled.set(name, known);
    if (known.Check(args)) return;
    const [wrong] = known.Errors(args);
    throw unusable(`${name}${wrong?.instancePath ?? ''} ${wrong?.message ?? 'has invalid arguments'}`);
  };
}
