/**
 * The contract of a container host. Calls are declarative (`ensure...` is repeatable, `remove...` succeeds if the
 * object is gone). They return only after the remote task has really ended, and throw only AgentError (codes
 * `container_host_*`, `vmid_taken`, `foreign_object`, `template_missing`, `snapshots_unavailable`,
 * `backup_not_found`, `backup_not_newest`, `capacity_exhausted`, `aborted`). Every call that changes a container
 * first checks that the container carries the given mark.
 */
import type { BaseLogger } from 'pino';
import type { Clock } from '../../kernel/clock.js';
import type { Mark } from '../../kernel/mark.js';
import type { SnapshotAbility } from '../../model/snapshot-rules.js';
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
}

export type Source =
  /** Clone of a template; `name` is the template's name (hostname), found on the node or on shared storage. */
  | { readonly kind: 'template'; readonly name: string }
  /** A new container from an OS template volume. */
  | { readonly kind: 'os'; readonly volume: string };

export interface ContainerSpec extends GuestAt {
  /** The node that placement chose. */
  readonly node: string;
  readonly hostname: string;
  readonly source: Source;
  readonly resources: Resources;
  readonly addresses: readonly NetworkAddress[];
  /** Only hints for people; the mark in the description decides about ownership. */
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
   * Half-created (`prepare`) or half-removed (`delete`); null: complete. A half snapshot still exists, but cannot be
   * rolled back to.
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
  /** 0..1 of the guest's cores. */
  readonly cpu: number;
  readonly networkInBytes: number;
  readonly networkOutBytes: number;
  readonly uptimeS: number;
  readonly tags: readonly string[];
  /** For a template: the storage of its root disk; absent while it could not be read. */
  readonly rootStorage?: string;
  /** Set (epoch ms) while its node cannot be queried: the values are the last known ones. */
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

/** The result of one poll of the whole cluster (`/cluster/resources`). */
export interface ClusterView {
  readonly at: number;
  readonly nodes: readonly NodeView[];
  readonly guests: readonly GuestView[];
  readonly storages: readonly StorageView[];
  /** Which snapshots the storage of the containers supports; absent while it is unknown. */
  readonly snapshots?: SnapshotAbility;
  /**
   * False if that storage cannot hold templates (LINSTOR/DRBD, thick LVM): templates are then on another storage, and
   * sites are full copies.
   */
  readonly templates?: boolean;
}

export type Promised = Pick<Resources, 'memoryMb' | 'diskGb'>;

export interface PlacementSpec {
  readonly resources: Resources;
  readonly source: Source;
  /** By node: what was promised to containers that the view does not show yet. */
  readonly promised: ReadonlyMap<string, Promised>;
}

export type GuestLog = Pick<BaseLogger, 'debug' | 'info' | 'warn'>;

/** What a driver gets in addition to its configuration. */
export interface GuestDeps {
  readonly clock: Clock;
  readonly log: GuestLog;
  /** Absent: every call is allowed. */
  readonly circuits?: Circuits;
}

export interface GuestDriver {
  readonly capabilities: { readonly snapshots: boolean; readonly ha: boolean };
  /** Polls the cluster now. */
  look(call: DriverCall): Promise<ClusterView>;
  /** The configured addresses (without prefix) of the cluster's guests: ours, others' and virtual machines. */
  usedAddresses(call: DriverCall): Promise<ReadonlySet<string>>;
  /**
   * The node with the most free memory that is online and allowed, and holds the source and the storage with enough
   * room. Throws `template_missing`, `host_incomplete` or `capacity_exhausted`.
   */
  place(wanted: PlacementSpec, view: ClusterView): string;
  /**
   * How many of `count` such containers each node would get if they were placed one after the other. The sum is lower
   * if there is not enough room, and zero if the source is missing.
   */
  spread(wanted: PlacementSpec, count: number, view: ClusterView): ReadonlyMap<string, number>;
  /**
   * Creates the container, or finishes its creation, but does not start it. Brings an existing container with this
   * mark to the spec; throws `vmid_taken` if the container has another mark.
   */
  ensureContainer(spec: ContainerSpec, call: DriverCall): Promise<{ node: string }>;
  /**
   * The container with this mark, or undefined if there is none with this VMID (a foreign container counts as none).
   */
  find(at: GuestAt, call: DriverCall): Promise<ContainerState | undefined>;
  /** Every container of the cluster with its configuration, ours or not; includes templates. */
  listContainers(call: DriverCall): Promise<SeenContainers>;
  /** Every HA resource of a container, ours or not; empty if HA is off. */
  listHa(call: DriverCall): Promise<readonly SeenHa[]>;
  ensureStarted(at: GuestAt, call: DriverCall): Promise<void>;
  /** Shuts the container down, after `graceS` seconds forcibly. Also succeeds if the container is gone. */
  ensureStopped(at: GuestAt, graceS: number, call: DriverCall): Promise<void>;
  /** Changes memory, swap and cores live; the disk only grows. */
  ensureResources(at: GuestAt, resources: Resources, call: DriverCall): Promise<void>;
  /**
   * Stops the container and destroys it with everything that refers to it (HA, jobs, snapshots). Gets the notes of
   * `ensureContainer`, so that it waits for a container that may still appear.
   */
  removeContainer(at: GuestAt, call: DriverCall): Promise<void>;
  /** Turns a stopped container into a template of this name. */
  convertToTemplate(at: GuestAt, call: DriverCall): Promise<void>;
  listSnapshots(at: GuestAt, call: DriverCall): Promise<GuestSnapshot[]>;
  ensureSnapshot(at: GuestAt, name: string, description: string, call: DriverCall): Promise<void>;
  removeSnapshot(at: GuestAt, name: string, call: DriverCall): Promise<void>;
  /**
   * Rolls back and leaves the container stopped. Throws `backup_not_found`, or `backup_not_newest` if only the newest
   * snapshot can be used: nothing has changed then.
   */
  rollback(at: GuestAt, name: string, call: DriverCall): Promise<void>;
  /** Ensures the HA resource (and the PVE 9 rule or PVE 8 group, as configured); does nothing if HA is off. */
  ensureHa(at: GuestAt, call: DriverCall): Promise<void>;
  /** Also removes what HA still holds of a container that is gone, but nothing of another container with its VMID. */
  removeHa(at: GuestAt, call: DriverCall): Promise<void>;
  close(): Promise<void>;
}

/** The shared view of the cluster. */
export interface ClusterWatch {
  /** The last good view, or undefined before the first. */
  latest(): ClusterView | undefined;
  /** The guest with this VMID in the last good view. */
  guest(vmid: number): GuestView | undefined;
  /** The configured addresses of guests (ours and others') at the last good poll. */
  usedAddresses(): ReadonlySet<string>;
  /** Since when (epoch ms) polls fail, or undefined while they succeed. */
  staleSince(): number | undefined;
  /**
   * Returns a view no older than `maxAgeMs`, and polls now if needed (one request for all concurrent callers). Throws
   * `container_host_*`, or `aborted`.
   */
  fresh(maxAgeMs: number, signal: AbortSignal): Promise<ClusterView>;
  /** Ends polling. */
  close(): void;
}
