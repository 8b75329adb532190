/**
 * The state of the simulated Proxmox: the configuration files of the cluster as one JSON document, which can be stored
 * on disk.
 */
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { openJsonFile } from '../json-file.js';

const optional = Type.Optional;
const text = Type.String();
const texts = Type.Record(text, text);

const snapshotSchema = Type.Object({
  snaptime: Type.Number(),
  description: text,
  parent: optional(text),
  /**
   * `prepare` while the snapshot is being created, and `delete` while it is being removed. If the operation fails or
   * is killed, the value remains.
   */
  snapstate: optional(text),
  /**
   * True if the container was running when the snapshot was created. In this case, the file system in the snapshot
   * looks as if it were mounted.
   */
  running: optional(Type.Boolean()),
  config: texts,
});

const containerSchema = Type.Object({
  vmid: Type.Number(),
  node: text,
  /** The keys and values as in the configuration file. */
  config: texts,
  snapshots: Type.Record(text, snapshotSchema),
  firewall: texts,
  /** The VMID of the template to which the disk is linked. */
  linkedTo: optional(Type.Number()),
  /**
   * True if the file system looks as if it were mounted. The next mount then waits until it is certain that the file
   * system is not mounted elsewhere.
   */
  looksMounted: optional(Type.Boolean()),
  /**
   * The size of the root file system in bytes. Set only if a resize has failed to grow the file system to the
   * configured size.
   */
  filesystem: optional(Type.Number()),
});

const taskSchema = Type.Object({
  upid: text,
  node: text,
  pid: Type.Number(),
  pstart: Type.Number(),
  starttime: Type.Number(),
  type: text,
  id: text,
  user: text,
  status: Type.Enum(['running', 'stopped']),
  exitstatus: optional(text),
  endtime: optional(Type.Number()),
  /** The time in epoch ms, for measurements. Proxmox itself reports whole seconds. */
  began: optional(Type.Number()),
  ended: optional(Type.Number()),
  log: Type.Array(text),
});

const haServiceSchema = Type.Object({
  sid: text,
  /** Maps option names to values as in resources.cfg (`state`, `group`, `max_restart`, ...). */
  options: texts,
  /** The state in the HA manager. It is absent until the manager has read the resource for the first time. */
  state: optional(text),
  failures: Type.Number(),
});

const stateSchema = Type.Object({
  containers: Type.Record(text, containerSchema),
  tasks: Type.Array(taskSchema),
  ha: Type.Object({
    resources: Type.Record(text, haServiceSchema),
    rules: Type.Record(text, texts),
    groups: Type.Record(text, texts),
  }),
  /** The firewall files of VMIDs that no container has. */
  strayFirewalls: optional(Type.Record(text, texts)),
  pools: Type.Record(text, Type.Object({ comment: text, vms: Type.Array(Type.Number()) })),
  lastPid: Type.Number(),
});

export type Snapshot = Type.Static<typeof snapshotSchema>;
export type Container = Type.Static<typeof containerSchema>;
export type TaskRecord = Type.Static<typeof taskSchema>;
export type HaService = Type.Static<typeof haServiceSchema>;
export type State = Type.Static<typeof stateSchema>;

export function emptyState(): State {
  return {
    containers: {},
    tasks: [],
    ha: { resources: {}, rules: {}, groups: {} },
    pools: {},
    lastPid: 1000,
  };
}

export interface StateStore {
  readonly state: State;
  /** True if the file already existed, because an earlier run has created it. */
  readonly resumed: boolean;
  /** Resolves when all changes so far are on disk. Without a file, resolves at once. */
  save(): Promise<void>;
}

export function openState(file: string | undefined): StateStore {
  const kept = openJsonFile(file, emptyState(), (found) =>
    Value.Check(stateSchema, found) ? found : undefined,
  );
  return { state: kept.value, resumed: kept.resumed, save: () => kept.save() };
}
