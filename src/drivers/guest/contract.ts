/**
 * The contract of a container host. Calls are declarative: `ensure...` is repeatable, and `remove...` succeeds if the
 * object is gone. Calls return only after the remote task has really ended. They throw only AgentError (codes
 * `container_host_*`, `vmid_taken`, `foreign_object`, `template_missing`, `snapshots_unavailable`, `backup_not_found`,
 * `backup_not_newest`, `capacity_exhausted`, `aborted`). Every call that changes a container first checks that the
 * container has the mark that was passed.
 */
import type { BaseLogger } from 'pino';
import type { Clock } from '../../kernel/clock.js';
import type { Mark } from '../../kernel/mark.js';
import type { SnapshotAbility } from '../../model/snapshot-rules.js';
import type { PoolNetwork } from '../../model/guest.js';
import type { SeenContainers, SeenHa } from '../../model/actual-state.js';
import type { DriverCall } from '../shared/call.js';
import type { Circuits } from '../shared/circuit.js';

export interface GuestAt {
  readonly vmid: number;
  readonly mark: Mark;
}

export interface Resources {
  readonly cores: number;
  /** MiB */
  readonly memoryMb: number;
  /** MiB */
  readonly swapMb: number;
  /** GiB */
  readonly diskGb: number;
}

export interface NetworkAddress {
  /** Address without prefix. */
  readonly address: string;
  readonly prefix: number;
  readonly gateway: string;
  /** Absent: the network of all containers. All addresses of a container have the same network. */
  readonly network?: PoolNetwork;
}

export type Source =
  /**
   * A clone of a template. `name` is the name (hostname) of the template, which must be on the node or on shared
   * storage.
   */
  | { readonly kind: 'template'; readonly name: string }
  /** A new container from an OS template volume. */
  | { readonly kind: 'os'; readonly volume: string };

/** A source that is not known exactly yet. `nodes` have it; null: every node. */
export interface Anywhere {
  readonly kind: 'anywhere';
  readonly nodes: readonly string[] | null;
}

/** The container must exist. If it does not, nothing is created. */
export interface Existing {
  readonly kind: 'existing';
}

/** A file from which containers can be created. */
export interface OsTemplate {
  /** The name of the file without version, such as `debian-12-standard`. */
  readonly name: string;
  /** Such as `12.7-1`; empty if the name of the file has none. */
  readonly version: string;
  readonly volume: string;
  readonly node: string;
  readonly sizeBytes: number;
}

export interface ContainerSpec extends GuestAt {
  /** The node that was chosen for the container. */
  readonly node: string;
  readonly hostname: string;
  readonly source: Source | Existing;
  readonly resources: Resources;
  readonly addresses: readonly NetworkAddress[];
  /** Tags only inform people. The mark in the description decides who owns the container. */
  readonly tags: readonly string[];
}

export interface ContainerState {
  readonly vmid: number;
  readonly node: string;
  readonly power: 'running' | 'stopped';
  /** Proxmox's config lock, if any ("backup", "snapshot-delete", ...). */
  readonly lock: string | null;
  readonly hostname: string;
  readonly mark: Mark | undefined;
  readonly template: boolean;
  readonly resources: Resources;
  readonly ha: { readonly managed: boolean; readonly state: string | null };
}

export interface GuestSnapshot {
  readonly name: string;
  /** RFC 3339 */
  readonly createdAt: string;
  readonly description: string;
  /**
   * `prepare`: the snapshot was not created completely. `delete`: it was not removed completely. Null: it is
   * complete. An incomplete snapshot still exists, but a rollback to it is not possible.
   */
  readonly half: string | null;
}

export interface NodeView {
  readonly name: string;
  readonly online: boolean;
  readonly memoryBytes: number;
  readonly memoryUsedBytes: number;
}

export interface GuestView {
  readonly vmid: number;
  readonly name: string;
  readonly node: string;
  readonly type: 'lxc' | 'qemu';
  readonly template: boolean;
  readonly status: string;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  readonly diskBytes: number;
  readonly diskLimitBytes: number;
  /** The share of the guest's cores that is in use, from 0 to 1. */
  readonly cpu: number;
  readonly networkInBytes: number;
  readonly networkOutBytes: number;
  readonly uptimeS: number;
  readonly tags: readonly string[];
  /**
   * The storage of the root disk. It is set only for templates, and absent until it has been read for the first time.
   */
  readonly rootStorage?: string;
  /**
   * Set while the node of the guest cannot be queried: the time (epoch ms) of the first poll that did not get the
   * guest's values. The other values are the last known ones.
   */
  readonly staleSince?: number;
}

export interface StorageView {
  readonly storage: string;
  readonly node: string;
  readonly shared: boolean;
  readonly available: boolean;
  readonly totalBytes: number;
  readonly usedBytes: number;
}

/** The result of a poll of the whole cluster (`/cluster/resources`). */
export interface ClusterView {
  readonly at: number;
  readonly nodes: readonly NodeView[];
  readonly guests: readonly GuestView[];
  readonly storages: readonly StorageView[];
  /** The kind of snapshots that the storage of the containers supports. Absent if this is not known. */
  readonly snapshots?: SnapshotAbility;
  /**
   * False if the storage does not support templates (LINSTOR/DRBD, thick LVM). In this case, the templates are on
   * another storage, and sites are full copies of them.
   */
  readonly templates?: boolean;
}

export type Promised = Pick<Resources, 'memoryMb' | 'diskGb'>;

export interface PlacementSpec {
  readonly resources: Resources;
  readonly source: Source | Anywhere;
  /** Name of the group of nodes that may get the container. Absent or null: every node. */
  readonly location?: string | null;
  /** For each node, the resources that are reserved for containers which the view does not show yet. */
  readonly promised: ReadonlyMap<string, Promised>;
}

export type GuestLog = Pick<BaseLogger, 'debug' | 'info' | 'warn'>;

/** The arguments that a driver gets in addition to its configuration. */
export interface GuestDeps {
  readonly clock: Clock;
  readonly log: GuestLog;
  /** If `circuits` is absent, every call is allowed. */
  readonly circuits?: Circuits;
}

export interface GuestDriver {
  readonly capabilities: { readonly snapshots: boolean; readonly ha: boolean };
  /** Polls the cluster now. */
  look(call: DriverCall): Promise<ClusterView>;
  /**
   * Returns the configured addresses (without prefix) of all guests in the cluster: the agent's containers, all other
   * containers, and virtual machines.
   */
  usedAddresses(call: DriverCall): Promise<ReadonlySet<string>>;
  /** Returns the OS templates of each node, from the storages that the configuration names for this. */
  listOsTemplates(call: DriverCall): Promise<readonly OsTemplate[]>;
  /**
   * Chooses the node with the most free memory. Considers only nodes that are online and allowed in the configuration,
   * that can use the source, and that have enough free space on the storage. Throws `template_missing`,
   * `host_incomplete` or `capacity_exhausted`.
   */
  place(wanted: PlacementSpec, view: ClusterView): string;
  /**
   * Returns how many of `count` such containers each node would get if they were placed one after the other. The sum
   * is lower than `count` if there is not enough capacity, and zero if the source is missing.
   */
  spread(wanted: PlacementSpec, count: number, view: ClusterView): ReadonlyMap<string, number>;
  /**
   * Creates the container, or finishes an incomplete creation. Does not start the container. If a container with this
   * mark exists, changes it to match the spec. Throws `vmid_taken` if the container has another mark.
   */
  ensureContainer(spec: ContainerSpec, call: DriverCall): Promise<{ node: string }>;
  /** Returns the container if it exists under this VMID and has this mark, otherwise undefined. */
  find(at: GuestAt, call: DriverCall): Promise<ContainerState | undefined>;
  /**
   * Returns every container of the cluster with its configuration, including templates and containers without this
   * agent's mark.
   */
  listContainers(call: DriverCall): Promise<SeenContainers>;
  /**
   * Returns the HA resources of all containers, including containers without this agent's mark. The list is empty if
   * HA is disabled.
   */
  listHa(call: DriverCall): Promise<readonly SeenHa[]>;
  ensureStarted(at: GuestAt, call: DriverCall): Promise<void>;
  /** Shuts the container down, and stops it forcibly after `graceS` seconds. Succeeds if the container is gone. */
  ensureStopped(at: GuestAt, graceS: number, call: DriverCall): Promise<void>;
  /** Changes memory, swap and cores while the container runs. The disk can only grow. */
  ensureResources(at: GuestAt, resources: Resources, call: DriverCall): Promise<void>;
  /**
   * Stops the container and destroys it with everything that refers to it (HA, jobs, snapshots). The call gets the
   * notes of `ensureContainer`. If they show that the container may still be created, the call waits for it.
   */
  removeContainer(at: GuestAt, call: DriverCall): Promise<void>;
  /** Turns a stopped container into a template of this name. */
  convertToTemplate(at: GuestAt, call: DriverCall): Promise<void>;
  listSnapshots(at: GuestAt, call: DriverCall): Promise<GuestSnapshot[]>;
  ensureSnapshot(at: GuestAt, name: string, description: string, call: DriverCall): Promise<void>;
  removeSnapshot(at: GuestAt, name: string, call: DriverCall): Promise<void>;
  /**
   * Rolls the container back and leaves it stopped. Throws `backup_not_found`, or `backup_not_newest` if the storage
   * can roll back only to the newest snapshot. If one of these errors is thrown, nothing has changed.
   */
  rollback(at: GuestAt, name: string, call: DriverCall): Promise<void>;
  /** Ensures the HA resource, and the configured rule (PVE 9) or group (PVE 8). Does nothing if HA is disabled. */
  ensureHa(at: GuestAt, call: DriverCall): Promise<void>;
  /**
   * Removes the HA entries of the container, even if the container is gone. Never removes the entries of a different
   * container that has the same VMID.
   */
  removeHa(at: GuestAt, call: DriverCall): Promise<void>;
  close(): Promise<void>;
}

/** The shared view of the cluster. */
export interface ClusterWatch {
  /** The view of the last successful poll, or undefined before the first one. */
  latest(): ClusterView | undefined;
  /** Returns the guest with this VMID in the view of the last successful poll. */
  guest(vmid: number): GuestView | undefined;
  /** The configured addresses of all guests at the last successful poll. */
  usedAddresses(): ReadonlySet<string>;
  /** The time (epoch ms) since which polls have been failing, or undefined if the last poll succeeded. */
  staleSince(): number | undefined;
  /**
   * Returns a view that is at most `maxAgeMs` old. If the current view is older, polls now; concurrent callers share
   * one request. Throws `container_host_*`, or `aborted`.
   */
  fresh(maxAgeMs: number, signal: AbortSignal): Promise<ClusterView>;
  /** Stops the polls. */
  close(): void;
}
