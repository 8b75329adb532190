/** The look-alike's state: the cluster's configuration files as one JSON document, optionally on disk. */
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
  /** `prepare` while it is created, `delete` while it is removed; also after a failure or a kill. */
  snapstate: optional(text),
  /** The container ran when the snapshot was taken, so its file system looks mounted. */
  running: optional(Type.Boolean()),
  config: texts,
});

const containerSchema = Type.Object({
  vmid: Type.Number(),
  node: text,
  /** Keys and values as in the configuration file. */
  config: texts,
  snapshots: Type.Record(text, snapshotSchema),
  firewall: texts,
  /** VMID of the template that the disk is linked to. */
  linkedTo: optional(Type.Number()),
  /** Its file system looks mounted: the next mount waits until it is sure that it is not mounted elsewhere. */
  looksMounted: optional(Type.Boolean()),
  /**
   * Bytes of the root file system if they are fewer than the configured ones, because a resize has not reached it.
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
  /** Epoch ms, for measurements; Proxmox itself reports whole seconds. */
  began: optional(Type.Number()),
  ended: optional(Type.Number()),
  log: Type.Array(text),
});

const haServiceSchema = Type.Object({
  sid: text,
  /** Option name -> value as in resources.cfg (`state`, `group`, `max_restart`, ...). */
  options: texts,
  /** The manager's own state; absent until the manager has seen the resource. */
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
  /** Firewall files of VMIDs that no container has. */
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
  /** True if an earlier run left a file. */
  readonly resumed: boolean;
  /** Resolves when all changes so far are on disk (at once without a file). */
  save(): Promise<void>;
}

export function openState(file: string | undefined): StateStore {
  const kept = openJsonFile(file, emptyState(), (found) =>
    Value.Check(stateSchema, found) ? found : undefined,
  );
  return { state: kept.value, resumed: kept.resumed, save: () => kept.save() };
}
