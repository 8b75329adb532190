/**
 * A service's guest is the container that the service runs in. A service has a guest if its product declares one
 * (`Product.parts`).
 */
import type { LastBackup } from './backup-name.js';

/** An address assigned from a pool. */
export interface ClaimedAddress {
  readonly pool: string;
  readonly address: string;
  readonly prefix: number;
  readonly gateway: string;
  /** Absent: the network of all containers. */
  readonly network?: PoolNetwork;
}

/** The network of a pool. A guest has addresses of one network only, because it has one network interface. */
export interface PoolNetwork {
  /** Null: the bridge of all containers. */
  readonly bridge: string | null;
  /** Null: untagged. */
  readonly vlan: number | null;
}

/**
 * Products make `initial` snapshots, `backup` snapshots count towards the customer's quota, and the agent makes
 * `safety` snapshots.
 */
export const SNAPSHOT_KINDS = ['initial', 'backup', 'safety'] as const;
export type SnapshotKind = (typeof SNAPSHOT_KINDS)[number];

export interface Snapshot {
  readonly name: string;
  readonly kind: SnapshotKind;
  readonly createdAt: string;
}

export interface Guest {
  /**
   * The addresses that the guest claims or uses; empty once they are released. The proxy forwards to the first address.
   */
  readonly addresses: readonly ClaimedAddress[];
  /** The VMID that the guest claims or uses; null once it is released. */
  readonly vmid: number | null;
  /** The node on which the container was last seen or placed. */
  readonly node: string | null;
  /** Oldest first. */
  readonly snapshots: readonly Snapshot[];
  /**
   * The name of the newest backup. It is kept because `N` is never used twice in a day, even after a deletion. The day
   * is `DDMMYYYY`.
   */
  readonly lastBackup: LastBackup | null;
  /** The power state in which the last completed job has left the container; absent if no job has determined it. */
  readonly power?: 'running' | 'stopped';
  /**
   * Size of the root disk in GiB if the disk is larger than the plan allows, because a smaller plan was applied later.
   * Absent: the disk has the plan's size.
   */
  readonly diskGb?: number;
}

/** A guest whose VMID, addresses, node and snapshots are released. */
export const RELEASED = {
  vmid: null,
  node: null,
  addresses: [],
  snapshots: [],
} as const satisfies Partial<Guest>;

/** True when nothing is claimed for the guest. */
export function isReleased(guest: Guest | null): boolean {
  return guest === null || (guest.vmid === null && guest.addresses.length === 0);
}
