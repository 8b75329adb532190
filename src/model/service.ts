/** A Service: what one customer bought. One document tells its whole story. */
import type { ServiceEvent } from './service-event.js';
import type { LastBackup } from './backup-name.js';
import type { Job } from './job.js';
import type { JsonObject } from '../kernel/json.js';
import type { Mark } from '../kernel/mark.js';
import type { Plan } from './plan.js';
import type { Secret } from '../kernel/secret.js';

export type Lifecycle = 'creating' | 'active' | 'suspended' | 'terminated' | 'failed';

/** The order as the panel first sent it; a repeated call is compared with this. */
export interface Order {
  readonly email: string;
  /** The plan's name as resolved. */
  readonly plan: string;
  /** The word the panel sent. */
  readonly planWord: string;
  readonly publicIps: readonly string[];
  readonly subdomain?: string;
  readonly domain?: string;
  readonly userId?: string;
  readonly properties?: JsonObject;
}

/** An address given out of a pool. */
export interface ClaimedAddress {
  readonly pool: string;
  readonly address: string;
  readonly prefix: number;
  readonly gateway: string;
}

/** `initial` belongs to the product, `backup` to the customer's quota, `safety` to us. */
export type SnapshotKind = 'initial' | 'backup' | 'safety';

export interface Snapshot {
  readonly name: string;
  readonly kind: SnapshotKind;
  readonly createdAt: string;
}

export const SUSPENSION_REASONS = ['billing', 'abuse', 'admin'] as const;
export type SuspensionReason = (typeof SUSPENSION_REASONS)[number];

/** A name of the customer's own that leads to the site. */
export interface CustomDomain {
  /** Lower-case A-label, without `www.` when it is an apex that also answers for its `www`. */
  readonly domain: string;
  /** Whether `www.<domain>` is served too (one slot of the quota). */
  readonly www: boolean;
  /** How it was shown to be the customer's. */
  readonly provenBy: 'routing' | 'txt';
  readonly certificate: {
    readonly state: 'none' | 'pending' | 'issued' | 'failed';
    /** RFC 3339, or null. */
    readonly expiresAt: string | null;
    /** A sentence for the customer while `failed`, else null. */
    readonly problem: string | null;
  };
  readonly addedAt: string;
  /** Set while it leads elsewhere: since when (RFC 3339), what was found, and whether it is no longer served because of that. */
  readonly stray?: { readonly since: string; readonly problem: string; readonly off: boolean };
}

/** A domain that came with the order: it is added as soon as it leads here. */
export interface DomainWish {
  readonly name: string;
  /** Not tried before (RFC 3339). */
  readonly nextAt: string;
  /** Given up then (RFC 3339). */
  readonly until: string;
  readonly tries: number;
  /** Why it was not added yet, for the customer; null before the first try. */
  readonly problem: string | null;
}

export interface Deletion {
  readonly requestedAt: string;
  /** RFC 3339; until then the container, name, address and number are kept. */
  readonly purgeAt: string;
  /** What an operator let go of although it could not be removed, in words. */
  readonly leftBehind?: readonly string[];
}

export interface Service {
  /** Schema version of its document; the store sets it. */
  readonly schema?: number;
  readonly panel: string;
  readonly id: string;
  /** Counts the lives of this id; a deleted id that is ordered again gets the next one. */
  readonly generation: number;
  readonly lifecycle: Lifecycle;
  readonly order: Order;
  readonly email: string;
  readonly userId: string | null;
  /** As sold; changes of the plan file do not reach it. */
  readonly plan: Plan;
  readonly module: { readonly type: 'product'; readonly name: string };
  readonly subdomain: string;
  readonly fqdn: string;
  readonly addresses: readonly ClaimedAddress[];
  /** The number claimed or used; null once released. */
  readonly vmid: number | null;
  /** Where the container was last seen or placed. */
  readonly node: string | null;
  readonly snapshots: readonly Snapshot[];
  /** The newest backup name given out: `N` of a day is never used twice, also not after a deletion. Day as `DDMMYYYY`. */
  readonly lastBackup: LastBackup | null;
  /** Empty unless suspended. */
  readonly suspendedFor: readonly SuspensionReason[];
  /** What it was last told to be, by a job that has completed; absent when none has said. */
  readonly power?: 'running' | 'stopped';
  /** Set once the site was taken away from its visitors. */
  readonly deletion: Deletion | null;
  readonly domains: readonly CustomDomain[];
  readonly domainWish?: DomainWish;
  /** The site's own URL: `fqdn` or one of the domains' names. */
  readonly primaryDomain: string;
  /** False after the customer switched the proxy hosts off. */
  readonly proxyEnabled: boolean;
  /** Encrypted in the file. */
  readonly secrets: Readonly<Record<string, Secret>>;
  /** When the first credentials were acknowledged (then they are gone). */
  readonly credentialsAcknowledgedAt: string | null;
  /** What the module keeps (the framework's provision data). */
  readonly data: JsonObject;
  /** Open jobs, oldest first, and the newest ended one. */
  readonly jobs: readonly Job[];
  /** The newest ones, oldest first; the store adds them, and takes them from here should the log of events lack some after a crash. */
  readonly events?: readonly ServiceEvent[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly activeAt: string | null;
}

/** The key of a service across panels: `<panel>/<id>`. */
export type ServiceKey = `${string}/${string}`;

export function keyOf(service: { readonly panel: string; readonly id: string }): ServiceKey {
  return `${service.panel}/${service.id}`;
}

export function markOf(
  agent: string,
  service: { readonly panel: string; readonly id: string; readonly generation: number },
): Mark {
  return { agent, panel: service.panel, service: service.id, generation: service.generation };
}

/** Service ids and panel names: 1-64 of letters, digits, `.`, `_`, `-`, not starting with `.` or `-`. */
export const ID_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$/;

export type ProvisionStatus =
  'pending' | 'processing' | 'completed' | 'failed' | 'error' | 'suspended' | 'pause' | 'terminated';

/** Deleted, but its container is kept until the purge. */
export function isHeld(service: Pick<Service, 'lifecycle' | 'deletion' | 'vmid'>): boolean {
  return service.lifecycle === 'terminated' && service.deletion !== null && service.vmid !== null;
}

const TRANSITIONS: Readonly<Record<Lifecycle, readonly Lifecycle[]>> = {
  creating: ['active', 'failed', 'suspended', 'terminated'],
  active: ['suspended', 'terminated', 'failed'],
  suspended: ['active', 'terminated', 'failed'],
  failed: ['creating', 'active', 'terminated'],
  terminated: ['creating', 'active', 'suspended'],
};

export function mayBecome(from: Lifecycle, to: Lifecycle): boolean {
  return from === to || TRANSITIONS[from].includes(to);
}
