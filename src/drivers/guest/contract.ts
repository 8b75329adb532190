/**
 * The contract of a container host. Calls are declarative (`ensure...` is repeatable, `remove...` succeeds when it is
 * gone), return only when the remote task has really ended, and throw only AgentError (codes `container_host_*`,
 * `vmid_taken`, `foreign_object`, `template_missing`, `snapshots_unavailable`, `backup_not_found`,
 * `backup_not_newest`, `capacity_exhausted`, `aborted`). Whatever changes a container first checks that it carries
 * the given mark.
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
  /** Node chosen by placement. */
  readonly node: string;
  readonly hostname: string;
  readonly source: Source;
  readonly resources: Resources;
  readonly addresses: readonly NetworkAddress[];
  /** Only hints for people; ownership is the mark in the description. */
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
   * Half made (`prepare`) or half removed (`delete`); null: whole. A half one is still there, and cannot be gone back
   * to.
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
  /** Of a template: the storage that its root disk is on; absent while it could not be read. */
  readonly rootStorage?: string;
  /** Set (epoch ms) while its node cannot be asked: the figures are the last known ones. */
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

/** One look at the whole cluster (`/cluster/resources`). */
export interface ClusterView {
  readonly at: number;
  readonly nodes: readonly NodeView[];
  readonly guests: readonly GuestView[];
  readonly storages: readonly StorageView[];
  /** Of the storage that containers are made on; absent while it is not known. */
  readonly snapshots?: SnapshotAbility;
  /**
   * False where that storage cannot hold templates (LINSTOR/DRBD, thick LVM): they live on another, and sites are
   * full copies.
   */
  readonly templates?: boolean;
}

export type Promised = Pick<Resources, 'memoryMb' | 'diskGb'>;

export interface PlacementSpec {
  readonly resources: Resources;
  readonly source: Source;
  /** By node, what was promised to containers that the view does not show yet. */
  readonly promised: ReadonlyMap<string, Promised>;
}

export type GuestLog = Pick<BaseLogger, 'debug' | 'info' | 'warn'>;

/** What a driver is made with, beside the configuration. */
export interface GuestDeps {
  readonly clock: Clock;
  readonly log: GuestLog;
  /** Absent: every call is let through. */
  readonly circuits?: Circuits;
}

export interface GuestDriver {
  readonly capabilities: { readonly snapshots: boolean; readonly ha: boolean };
  /** Asks the cluster now. */
  look(call: DriverCall): Promise<ClusterView>;
  /**
   * Addresses (without prefix) that guests of the cluster are configured with, ours and others', virtual machines'
   * too.
   */
  usedAddresses(call: DriverCall): Promise<ReadonlySet<string>>;
  /**
   * The node with most free memory that is online, allowed, holds the source and the storage, with room there. Throws
   * `template_missing`, `host_incomplete` or `capacity_exhausted`.
   */
  place(wanted: PlacementSpec, view: ClusterView): string;
  /**
   * How many of `count` such containers, placed one after the other, each node would get; fewer in all when there is
   * not room for all, or the source is missing.
   */
  spread(wanted: PlacementSpec, count: number, view: ClusterView): ReadonlyMap<string, number>;
  /**
   * Makes the container, or finishes making it; not started. An existing one with this mark is brought to the spec;
   * with another: `vmid_taken`.
   */
  ensureContainer(spec: ContainerSpec, call: DriverCall): Promise<{ node: string }>;
  /** The container with this mark, or undefined when there is none under this number (a foreign one counts as none). */
  find(at: GuestAt, call: DriverCall): Promise<ContainerState | undefined>;
  /** Every container of the cluster, whosever, as its configuration says; templates too. */
  listContainers(call: DriverCall): Promise<SeenContainers>;
  /** Every HA resource of a container, whosever; empty when HA is off. */
  listHa(call: DriverCall): Promise<readonly SeenHa[]>;
  ensureStarted(at: GuestAt, call: DriverCall): Promise<void>;
  /** Shuts down gracefully, after `graceS` forcibly. Done, too, when the container is gone. */
  ensureStopped(at: GuestAt, graceS: number, call: DriverCall): Promise<void>;
  /** Memory, swap, cores live; the disk only grows. */
  ensureResources(at: GuestAt, resources: Resources, call: DriverCall): Promise<void>;
  /**
   * Stops and destroys it with everything that refers to it (HA, jobs, snapshots). Gets what `ensureContainer` noted,
   * so that it waits for one that may still appear.
   */
  removeContainer(at: GuestAt, call: DriverCall): Promise<void>;
  /** Turns a stopped container into a template of this name. */
  convertToTemplate(at: GuestAt, call: DriverCall): Promise<void>;
  listSnapshots(at: GuestAt, call: DriverCall): Promise<GuestSnapshot[]>;
  ensureSnapshot(at: GuestAt, name: string, description: string, call: DriverCall): Promise<void>;
  removeSnapshot(at: GuestAt, name: string, call: DriverCall): Promise<void>;
  /**
   * Rolls back and leaves the container stopped. Throws `backup_not_found`, or `backup_not_newest` where only the
   * newest will do: then nothing has changed.
   */
  rollback(at: GuestAt, name: string, call: DriverCall): Promise<void>;
  /** HA resource (and PVE 9 rule / PVE 8 group as configured); does nothing when HA is off. */
  ensureHa(at: GuestAt, call: DriverCall): Promise<void>;
  /** Also what HA still has of a container that is gone; nothing that belongs to another one under its number. */
  removeHa(at: GuestAt, call: DriverCall): Promise<void>;
  close(): Promise<void>;
}

/** The one shared look at the cluster. */
export interface ClusterWatch {
  /** The last good view, or undefined before the first. */
  latest(): ClusterView | undefined;
  /** The guest with this number in the last good view. */
  guest(vmid: number): GuestView | undefined;
  /** Addresses that guests (ours and others') were configured with at the last good look. */
  usedAddresses(): ReadonlySet<string>;
  /** Since when (epoch ms) looks fail, or undefined while they succeed. */
  staleSince(): number | undefined;
  /**
   * A view no older than `maxAgeMs`, asking now if need be (one request for all who ask at once). Throws
   * `container_host_*`, or `aborted`.
   */
  fresh(maxAgeMs: number, signal: AbortSignal): Promise<ClusterView>;
  /** Ends polling. */
  close(): void;
}
