/** The stores as the rest of the agent sees them. */
import type { Readable } from 'node:stream';
import type { Changed } from '../kernel/changed.js';
import type { AlertRecord } from '../model/alert.js';
import type { CustomDomainRecord } from '../model/custom-domain.js';
import type { Reservation } from '../model/reservation.js';
import type { EventType } from '../model/service-event.js';
import type { Json } from '../kernel/json.js';
import type { Job, JobStatus } from '../model/job.js';
import type { KindName } from '../model/job-kinds.js';
import type { SettledPower } from '../model/status.js';
import type { Secret } from '../kernel/secret.js';
import type { Lifecycle, Service, ServiceKey } from '../model/service.js';
import type { Lack } from '../model/waiting-order.js';
import type { Listener } from '../model/listener.js';

/** What is kept in memory of every service. */
export interface ServiceEntry {
  readonly key: ServiceKey;
  readonly panel: string;
  readonly id: string;
  readonly lifecycle: Lifecycle;
  readonly plan: string;
  /** Null: it has no site. */
  readonly subdomain: string | null;
  readonly fqdn: string | null;
  readonly hasGuest: boolean;
  readonly vmid: number | null;
  readonly node: string | null;
  readonly memoryMb: number;
  readonly diskGb: number;
  readonly addresses: readonly string[];
  /** Custom domains, without their `www`. */
  readonly domains: readonly string[];
  /** When the domain of the order is to be tried next (RFC 3339); null: there is none, or the site is not up. */
  readonly requestDueAt: string | null;
  readonly openJobs: readonly {
    readonly id: string;
    readonly method: KindName;
    readonly status: JobStatus;
    readonly waitsFor: string | null;
    /** Name of the system that it waits for because that refuses the agent. */
    readonly refusedBy: string | null;
    /** What of the operator's it waits for. */
    readonly lacks: Lack | null;
  }[];
  /** A job of it must be finished by a person. */
  readonly stuck: boolean;
  /** An order for it failed, and somebody must see to that. */
  readonly failedOrder: boolean;
  readonly settled: SettledPower | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** When the administrator's password is to be erased (RFC 3339); null: there is none. */
  readonly passwordUntil: string | null;
  /** When its deletion was asked for, and when the purge of what is kept is due (null: nothing is kept). */
  readonly deletedAt: string | null;
  readonly purgeAt: string | null;
  /** When a smaller plan was applied that the service did not fit into (RFC 3339). */
  readonly smallerPlanAt: string | null;
}

/** What is unique across services. */
export interface Claims {
  readonly subdomain?: string;
  readonly addresses?: readonly string[];
  readonly vmid?: number;
  readonly domains?: readonly string[];
}

export interface ServiceStore {
  /** Every readable service (tombstones too), in the order of their keys. */
  entries(): Iterable<ServiceEntry>;
  entry(key: ServiceKey): ServiceEntry | undefined;
  find(key: ServiceKey): Promise<Service | undefined>;
  /** Throws `service_not_found`, or `state_damaged` when the document was set aside. */
  get(key: ServiceKey): Promise<Service>;
  /**
   * The only way to change a service: under the key's lock `fn` gets the current value (undefined: none yet) and
   * returns the next one (or the same: no write). Claims of the new value are taken before the write (throws
   * ClaimTakenError when another service holds one), those it no longer has are freed after it. Resolves when the
   * file and its folder are fsynced. Throws `state_unavailable` when it could not be written: nothing changed.
   */
  commit(key: ServiceKey, fn: (current: Service | undefined) => Service): Promise<Service>;
  /** The same for a change that has something to tell beside the value: resolves to both once the value is durable. */
  change<R>(
    key: ServiceKey,
    fn: (current: Service | undefined) => Changed<Service, R>,
  ): Promise<Changed<Service, R>>;
  /** Who holds it, if anybody. */
  holderOf(
    claim: { subdomain: string } | { address: string } | { vmid: number } | { domain: string },
  ): ServiceKey | undefined;
  /** The open or lately ended job, with its service's key. Archived ones: `archive`. */
  findJob(id: string): Promise<{ key: ServiceKey; job: Job } | undefined>;
  /** Called after every durable change. Returns the way to stop listening. */
  onChange(listener: (next: Service, previous: Service | undefined) => void): () => void;
  /** Documents that were damaged and set aside at boot. */
  readonly damaged: readonly {
    readonly file: string;
    readonly key: ServiceKey | undefined;
    readonly problem: string;
  }[];
}

/** Ended jobs, one line each, in `archive/<day of the job's id>.ndjson`. */
export interface JobArchive {
  /** Durable when it resolves. */
  append(entry: { key: ServiceKey; job: Job }): Promise<void>;
  find(id: string): Promise<{ key: ServiceKey; job: Job } | undefined>;
}

/** A line of the log of events. */
export interface LoggedEvent {
  readonly id: string;
  /** RFC 3339 */
  readonly at: string;
  readonly type: EventType;
  readonly panel: string;
  readonly service_id: string;
  readonly generation: number;
  readonly data: { readonly [name: string]: Json };
}

export interface EventPage {
  readonly events: readonly LoggedEvent[];
  /** Where to go on, also when there is nothing yet; undefined when there is no going on from `after`. */
  readonly next: string | undefined;
  readonly more: boolean;
  /**
   * The cursor is of another life of the log, or what stood there is no longer kept. Without it and `next`: it is no
   * cursor.
   */
  readonly gone: boolean;
}

/** What happened, kept for 30 days; every event at least once, in the order in which it was written down. */
export interface EventStore {
  read(request: {
    readonly panel: string;
    /** A cursor; without it from the oldest. */
    readonly after: string | undefined;
    readonly limit: number;
  }): Promise<EventPage>;
  /** The cursor behind the newest, for this panel. */
  latest(panel: string): Promise<string>;
}

/** Who asked for a change and what became of it. No values of bodies, no paths: only names of ours and ids. */
export interface AuditEntry {
  /** RFC 3339 */
  readonly at: string;
  readonly request_id: string;
  readonly door: Listener;
  /** A token; at the socket the system's user, as the command line says; null: nobody we know. */
  readonly who:
    | { readonly token: string; readonly token_id: string }
    | { readonly user: string | null; readonly uid: number | null }
    | null;
  readonly panel: string | null;
  /** The client's address, through trusted proxies; null at the socket. */
  readonly from: string | null;
  readonly method: string;
  /** Its pattern. */
  readonly route: string;
  readonly service_id: string | null;
  readonly job_id: string | null;
  readonly status: number;
  /** Of the error. */
  readonly code: string | null;
  /** The answer of an earlier call with the same Idempotency-Key. */
  readonly replayed?: true;
  /** Names of fields in the call that it does not know, cleaned. */
  readonly unknown_fields?: string[];
  /** Stands for so many refused calls like this one. */
  readonly count?: number;
}

export interface AuditQuery {
  readonly after: string | undefined;
  /** RFC 3339 */
  readonly since: string | undefined;
  readonly limit: number;
  /** Without it: of all, and of nobody. */
  readonly panel: string | undefined;
  readonly serviceId: string | undefined;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** As in `EventPage`. */
  readonly next: string | undefined;
  readonly more: boolean;
  readonly gone: boolean;
}

/** Lines are only ever added. */
export interface AuditStore {
  /** Durable when it resolves; never rejects: what cannot be written waits in memory, and the log is told. */
  add(entry: AuditEntry): Promise<void>;
  /** Oldest first. */
  read(query: AuditQuery): Promise<AuditPage>;
}

export interface ApiToken {
  /** Schema version of its document; the store sets it. */
  readonly schema?: number;
  /** Shown in lists, e.g. `tok_...`; not the secret. */
  readonly id: string;
  readonly name: string;
  readonly panel: string;
  readonly permissions: readonly string[];
  /** SHA-256 of the token, hex (a random 256-bit token needs no slow hash). */
  readonly sha256: string;
  /** Hashes it had before it was rotated, each good until its instant. */
  readonly former: readonly { readonly sha256: string; readonly until: string }[];
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** CIDRs; empty = from anywhere. */
  readonly networks: readonly string[];
}

/** Our account at a certificate authority. */
export interface AcmeAccount {
  readonly schema: 1;
  readonly id: string;
  readonly directoryUrl: string;
  /** PEM */
  readonly key: Secret;
  /** What the authority calls it; null before it was made there. */
  readonly url: string | null;
}

/** A customer's DNS zone: whose it is. What stands in it is the DNS server's to know. */
export interface ZoneRecord {
  readonly schema: 1;
  readonly id: string;
  readonly zone: string;
  readonly panel: string;
  readonly userId: string;
  readonly createdAt: string;
  /** It was asked for, and may or may not stand at the DNS server: the same call again finishes it. */
  readonly making?: boolean;
  /** False: it was proven before its delegation, and its name servers were not ours when it was last looked. */
  readonly delegated?: boolean;
  /** Instant at which it was deleted: kept for a while, so that a repeated deletion is no error. */
  readonly goneAt?: string;
  /** Ids of the records deleted last, for the same reason. */
  readonly goneRecords?: readonly string[];
}

/** A call that came with an `Idempotency-Key`, and what it was answered. */
export interface RememberedCall {
  readonly schema: 1;
  /** Of panel, token and key. */
  readonly id: string;
  /** Of what was asked for. */
  readonly fingerprint: string;
  readonly requestId: string;
  /** Whose call it was; absent in records of former releases. */
  readonly panel?: string;
  /** Id of the token that called; absent in records of former releases. */
  readonly token?: string;
  /** The service it was about, if any. */
  readonly serviceId: string | null;
  /** Null until it was answered; the body may hold a password. */
  readonly answer: { readonly code: number; readonly body: Secret } | null;
  readonly createdAt: string;
  readonly expiresAt: string;
}

/** One document per thing that is not a service. */
export interface DocumentStore<T> {
  /** Grows with every change, so that what was worked out from `list` can be kept until then. */
  readonly revision: number;
  list(): readonly T[];
  find(id: string): T | undefined;
  commit(id: string, fn: (current: T | undefined) => T): Promise<T>;
  /** Durable when it resolves; nothing happens when there is none. `only`: asked under the lock, false keeps it. */
  remove(id: string, only?: (current: T) => boolean): Promise<void>;
}

/** The key that secrets are encrypted with. */
export interface KeyStatus {
  readonly keyId: string;
  /** The operator's own, which the agent cannot change. */
  readonly configured: boolean;
  /** Keys before it that still open. */
  readonly formerIds: readonly string[];
  /** Documents are being written anew with the present key. */
  readonly rewriting: boolean;
  /** So many since the start of it. */
  readonly rewritten: number;
  /** Damaged documents that only a former key opens. */
  readonly neededBy: readonly string[];
  /** Why it did not get to its end. */
  readonly problem: string | null;
}

export interface StateKeys {
  status(): KeyStatus;
  /**
   * Makes a new key and begins to rewrite everything with it, or continues to. Throws `state_key_configured`,
   * `state_unavailable`.
   */
  rotate(): Promise<KeyStatus>;
}

export interface State {
  readonly services: ServiceStore;
  readonly archive: JobArchive;
  readonly events: EventStore;
  readonly audit: AuditStore;
  readonly tokens: DocumentStore<ApiToken>;
  readonly domains: DocumentStore<CustomDomainRecord>;
  readonly acmeAccounts: DocumentStore<AcmeAccount>;
  readonly zones: DocumentStore<ZoneRecord>;
  readonly remembered: DocumentStore<RememberedCall>;
  readonly reservations: DocumentStore<Reservation>;
  /**
   * All documents as they are at one instant, as an unpacked tar that ends with a manifest of checksums. `agent`: its
   * id. The key of the secrets is left out unless `withKey`. Changes wait for a moment. Throws `state_unavailable`.
   */
  exportCopy(options: { readonly agent: string; readonly withKey: boolean }): Promise<Readable>;
  readonly alerts: DocumentStore<AlertRecord>;
  readonly keys: StateKeys;
  /** Documents of all kinds that were damaged and set aside, at this start or an earlier one. */
  readonly damaged: readonly { readonly file: string; readonly problem: string }[];
  /** True after a write failed in a way that leaves memory and disk in doubt: the daemon must stop. */
  readonly broken: boolean;
  /** Why (operators only): a write that failed, or the folder's lock that was taken away. */
  readonly brokenBy: string | undefined;
  /**
   * Why the newest write failed (operators only); undefined while writes succeed. Requests are refused meanwhile, and
   * it is looked again by itself.
   */
  readonly failing: string | undefined;
  /** Frees the folder's lock. */
  close(): Promise<void>;
}

export interface FileOperationEnd {
  readonly operation: 'write' | 'append' | 'rename' | 'unlink' | 'sync';
  readonly ms: number;
  /** The system's code (`ENOSPC`), when it failed. */
  readonly code: string | undefined;
}
