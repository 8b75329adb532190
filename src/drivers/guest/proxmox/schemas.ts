/** The responses of Proxmox that we read, checked on arrival. Numbers and flags may arrive as text. */
import { type Static, type TProperties, type TSchema, Type } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { PveError } from './pve-error.js';

const Num = Type.Union([Type.Number(), Type.String(), Type.Null()]);
const Flag = Type.Union([Type.Boolean(), Type.Number(), Type.String(), Type.Null()]);
const Text = Type.Union([Type.String(), Type.Number(), Type.Null()]);
const maybe = <T extends TSchema>(schema: T) => Type.Optional(schema);

/** `otherwise` if the value is absent or not a number. */
export function num(value: Static<typeof Num> | undefined, otherwise = 0): number {
  const number = typeof value === 'string' ? Number(value.trim() === '' ? Number.NaN : value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : otherwise;
}

export function flag(value: Static<typeof Flag> | undefined): boolean {
  return value === true || value === 1 || value === '1' || value === 'true';
}

export function text(value: Static<typeof Text> | undefined): string {
  return value === undefined || value === null ? '' : String(value);
}

const RESOURCE = Type.Object({
  type: Type.String(),
  id: Type.String(),
  node: maybe(Text),
  vmid: maybe(Num),
  name: maybe(Text),
  status: maybe(Text),
  template: maybe(Flag),
  tags: maybe(Text),
  storage: maybe(Text),
  plugintype: maybe(Text),
  shared: maybe(Flag),
  mem: maybe(Num),
  maxmem: maybe(Num),
  disk: maybe(Num),
  maxdisk: maybe(Num),
  cpu: maybe(Num),
  netin: maybe(Num),
  netout: maybe(Num),
  uptime: maybe(Num),
  /** For a guest that HA manages: the state in its manager. */
  hastate: maybe(Text),
});
export type Resource = Static<typeof RESOURCE>;
export const RESOURCES = Compile(Type.Array(RESOURCE));

/** `net[n]` and the like are read by name from the same object. */
const CT_CONFIG = Type.Object({
  digest: maybe(Type.String()),
  description: maybe(Text),
  hostname: maybe(Text),
  memory: maybe(Num),
  swap: maybe(Num),
  cores: maybe(Num),
  net0: maybe(Type.String()),
  rootfs: maybe(Type.String()),
  onboot: maybe(Flag),
  tags: maybe(Text),
  nameserver: maybe(Text),
  searchdomain: maybe(Text),
  template: maybe(Flag),
  lock: maybe(Text),
  /** The snapshot that the present state is based on: the last one that was taken or rolled back to. */
  parent: maybe(Text),
});
export type CtConfig = Static<typeof CT_CONFIG>;
export const CONFIG = Compile(CT_CONFIG);

export const FIREWALL_OPTIONS = Compile(
  Type.Object({
    enable: maybe(Flag),
    ipfilter: maybe(Flag),
    macfilter: maybe(Flag),
    policy_in: maybe(Text),
    policy_out: maybe(Text),
  }),
);

/** Only `ipconfig[n]` is read from it. */
export const MACHINE_CONFIG = Compile(Type.Record(Type.String(), Type.Unknown()));

export const STATUS = Compile(
  Type.Object({
    status: Type.String(),
    lock: maybe(Text),
    maxdisk: maybe(Num),
    ha: maybe(Type.Object({ managed: maybe(Flag), state: maybe(Text) })),
  }),
);

export const TASK = Compile(Type.Object({ status: Type.String(), exitstatus: maybe(Type.String()) }));

/** `endtime` is absent while it runs. */
export const TASKS = Compile(
  Type.Array(
    Type.Object({ upid: Type.String(), type: maybe(Text), starttime: maybe(Num), endtime: maybe(Num) }),
  ),
);

export const TASK_LOG = Compile(Type.Array(Type.Object({ n: maybe(Num), t: maybe(Text) })));

export const SNAPSHOTS = Compile(
  Type.Array(
    Type.Object({
      name: Type.String(),
      description: maybe(Text),
      snaptime: maybe(Num),
      snapstate: maybe(Text),
    }),
  ),
);

export const VERSION = Compile(Type.Object({ version: Type.String() }));

export const HA_RESOURCE = Compile(
  Type.Object({ state: maybe(Text), group: maybe(Text), comment: maybe(Text) }),
);

export const HA_RESOURCES = Compile(
  Type.Array(Type.Object({ sid: Type.String(), state: maybe(Text), comment: maybe(Text) })),
);

export const HA_RULES = Compile(Type.Array(Type.Object({ rule: Type.String(), comment: maybe(Text) })));

export const HA_RULE = Compile(
  Type.Object({
    type: maybe(Text),
    resources: maybe(Text),
    // a list, or a hash node -> priority, by release
    nodes: maybe(Type.Union([Type.String(), Type.Record(Type.String(), Type.Unknown())])),
    comment: maybe(Text),
  }),
);

/** The checked response; an unknown form is an unknown outcome, not data. */
export function read<T extends TSchema>(
  validator: Validator<TProperties, T>,
  about: string,
  answer: unknown,
): Static<T> {
  if (validator.Check(answer)) return answer;
  throw new PveError('unknown', about, 'the response has an unknown form');
}
