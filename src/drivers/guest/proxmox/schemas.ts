/** The schemas of Proxmox's responses, which are checked when they arrive. Numbers and flags may arrive as text. */
import { type Static, type TSchema, Type } from 'typebox';
import { type LazyCheck, lazyCheck } from '../../../kernel/lazy-check.js';
import { PveError } from './pve-error.js';

const Num = Type.Union([Type.Number(), Type.String(), Type.Null()]);
const Flag = Type.Union([Type.Boolean(), Type.Number(), Type.String(), Type.Null()]);
const Text = Type.Union([Type.String(), Type.Number(), Type.Null()]);
const maybe = <T extends TSchema>(schema: T) => Type.Optional(schema);

/** Returns the number, or `otherwise` if the value is absent or not a number. */
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
  /** The state that HA's manager reports. Absent if HA does not manage the guest. */
  hastate: maybe(Text),
});
export type Resource = Static<typeof RESOURCE>;
export const RESOURCES = lazyCheck(Type.Array(RESOURCE));

/** Keys with a number, such as `net0`, are not part of this schema. They are read from the same object by name. */
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
  /**
   * The snapshot on which the current state is based: the snapshot that was created last, or the one to which the
   * container was rolled back since.
   */
  parent: maybe(Text),
});
export type CtConfig = Static<typeof CT_CONFIG>;
export const CONFIG = lazyCheck(CT_CONFIG);

export const FIREWALL_OPTIONS = lazyCheck(
  Type.Object({
    enable: maybe(Flag),
    ipfilter: maybe(Flag),
    macfilter: maybe(Flag),
    policy_in: maybe(Text),
    policy_out: maybe(Text),
  }),
);

/** The config of a virtual machine, from which only `ipconfig[n]` is read. */
export const MACHINE_CONFIG = lazyCheck(Type.Record(Type.String(), Type.Unknown()));

export const STATUS = lazyCheck(
  Type.Object({
    status: Type.String(),
    lock: maybe(Text),
    maxdisk: maybe(Num),
    ha: maybe(Type.Object({ managed: maybe(Flag), state: maybe(Text) })),
  }),
);

export const TASK = lazyCheck(Type.Object({ status: Type.String(), exitstatus: maybe(Type.String()) }));

/** A task. `endtime` is absent while the task is running. */
export const TASKS = lazyCheck(
  Type.Array(
    Type.Object({ upid: Type.String(), type: maybe(Text), starttime: maybe(Num), endtime: maybe(Num) }),
  ),
);

export const TASK_LOG = lazyCheck(Type.Array(Type.Object({ n: maybe(Num), t: maybe(Text) })));

export const VOLUMES = lazyCheck(Type.Array(Type.Object({ volid: Type.String(), size: maybe(Num) })));

export const SNAPSHOTS = lazyCheck(
  Type.Array(
    Type.Object({
      name: Type.String(),
      description: maybe(Text),
      snaptime: maybe(Num),
      snapstate: maybe(Text),
    }),
  ),
);

export const VERSION = lazyCheck(Type.Object({ version: Type.String() }));

export const HA_RESOURCE = lazyCheck(
  Type.Object({ state: maybe(Text), group: maybe(Text), comment: maybe(Text) }),
);

export const HA_RESOURCES = lazyCheck(
  Type.Array(Type.Object({ sid: Type.String(), state: maybe(Text), comment: maybe(Text) })),
);

export const HA_RULES = lazyCheck(Type.Array(Type.Object({ rule: Type.String(), comment: maybe(Text) })));

export const HA_RULE = lazyCheck(
  Type.Object({
    type: maybe(Text),
    resources: maybe(Text),
    // depending on the release of Proxmox VE, this is a list of nodes or an object that maps nodes to priorities
    nodes: maybe(Type.Union([Type.String(), Type.Record(Type.String(), Type.Unknown())])),
    comment: maybe(Text),
  }),
);

/**
 * Returns the response if it matches the schema. Otherwise throws an error that means that the outcome of the request
 * is unknown.
 */
export function read<T extends TSchema>(validator: LazyCheck<T>, about: string, answer: unknown): Static<T> {
  if (validator.Check(answer)) return answer;
  throw new PveError('unknown', about, 'the response has an unknown form');
}
