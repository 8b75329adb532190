/** A service's guest: the container it lives in. A service has one when its product says so (`Product.parts`). */
import type { LastBackup } from './backup-name.js';

/** An address given out of a pool. */
export interface ClaimedAddress {
  readonly pool: string;
  readonly address: string;
  readonly prefix: number;
  readonly gateway: string;
}

/** `initial` belongs to the product, `backup` to the customer's quota, `safety` to us. */
export const SNAPSHOT_KINDS = ['initial', 'backup', 'safety'] as const;
export type SnapshotKind = (typeof SNAPSHOT_KINDS)[number];

export interface Snapshot {
  readonly name: string;
  readonly kind: SnapshotKind;
  readonly createdAt: string;
}

export interface Guest {
  /** Claimed or used; empty once released. The first is the one that the proxy leads to. */
  readonly addresses: readonly ClaimedAddress[];
  /** The number claimed or used; null once released. */
  readonly vmid: number | null;
  /** Where the container was last seen or placed. */
  readonly node: string | null;
  /** Oldest first. */
  readonly snapshots: readonly Snapshot[];
  /** The newest backup name given out: `N` of a day is never used twice, even after a deletion. Day as `DDMMYYYY`. */
  readonly lastBackup: LastBackup | null;
  /** What the last completed job that said so made of it; absent when none has said. */
  readonly power?: 'running' | 'stopped';
  /** GiB of the root disk where a smaller plan left it larger than the plan's; absent: the plan's. */
  readonly diskGb?: number;
}

/** Number, addresses, node and snapshots are free again. */
export const RELEASED = {
  vmid: null,
  node: null,
  addresses: [],
  snapshots: [],
} as const satisfies Partial<Guest>;

/** Nothing is claimed for it, or nothing any more. */
export function isReleased(guest: Guest | null): boolean {
  return guest === null || (guest.vmid === null && guest.addresses.length === 0);
}
