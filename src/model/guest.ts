/** A service's guest: the container that it runs in. A service has one if its product declares it (`Product.parts`). */
import type { LastBackup } from './backup-name.js';

/** An address assigned from a pool. */
export interface ClaimedAddress {
  readonly pool: string;
  readonly address: string;
  readonly prefix: number;
  readonly gateway: string;
}

/** `initial` belongs to the product, `backup` counts towards the customer's quota, `safety` is the agent's. */
export const SNAPSHOT_KINDS = ['initial', 'backup', 'safety'] as const;
export type SnapshotKind = (typeof SNAPSHOT_KINDS)[number];

export interface Snapshot {
  readonly name: string;
  readonly kind: SnapshotKind;
  readonly createdAt: string;
}

export interface Guest {
  /** Claimed or used; empty once released. The proxy forwards to the first one. */
  readonly addresses: readonly ClaimedAddress[];
  /** The VMID, claimed or used; null once released. */
  readonly vmid: number | null;
  /** Where the container was last seen or placed. */
  readonly node: string | null;
  /** Oldest first. */
  readonly snapshots: readonly Snapshot[];
  /** The newest backup name: `N` is never used twice in a day, even after a deletion. Day as `DDMMYYYY`. */
  readonly lastBackup: LastBackup | null;
  /** The power state after the last completed job that determined one; absent when no job has. */
  readonly power?: 'running' | 'stopped';
  /** GiB of the root disk if a smaller plan left it larger than the plan allows; absent: the plan's size. */
  readonly diskGb?: number;
}

/** A guest whose VMID, addresses, node and snapshots are released. */
export const RELEASED = {
  vmid: null,
  node: null,
  addresses: [],
  snapshots: [],
} as const satisfies Partial<Guest>;

/** True when nothing is claimed for it, or no longer. */
export function isReleased(guest: Guest | null): boolean {
  return guest === null || (guest.vmid === null && guest.addresses.length === 0);
}
