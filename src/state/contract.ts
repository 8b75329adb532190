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

/** The data of every service that is kept in memory. */
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
  /** When the order's domain is tried next (RFC 3339); null: there is none, or the site is not active. */
  readonly requestDueAt: string | null;
  readonly openJobs: readonly {
    readonly id: string;
    readonly method: KindName;
    readonly status: JobStatus;
    readonly waitsFor: string | null;
    /** Name of the system that it waits for because that system rejects the agent. */
    readonly refusedBy: string | null;
    /** What it waits for that the operator must provide. */
    readonly lacks: Lack | null;
  }[];
  /** An operator must finish a job of the service. */
  readonly stuck: boolean;
  /** An order for it failed and needs an operator. */
  readonly failedOrder: boolean;
  readonly settled: SettledPower | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** When the administrator's password will be erased (RFC 3339); null: there is none. */
  readonly passwordUntil: string | null;
  /** When its deletion was requested, and when the purge of its container is due (null: nothing is kept). */
  readonly deletedAt: string | null;
  readonly purgeAt: string | null;
  /** When a smaller plan was applied into which the service does not fit (RFC 3339). */
  readonly smallerPlanAt: string | null;
}

/** Values that are unique across services. */
export interface Claims {
  readonly subdomain?: string;
  readonly addresses?: readonly string[];
  readonly vmid?: number;
  readonly domains?: readonly string[];
}

export interface ServiceStore {
  /** Every readable service, including tombstones, in the order of their keys. */
  entries(): Iterable<ServiceEntry>;
  /**
   * Services being created, and those whose creation failed, in no order. Few of all: each new order asks what the
   * others still need.
   */
  unfinished(): Iterable<ServiceEntry>;
  entry(key: ServiceKey): ServiceEntry | undefined;
  find(key: ServiceKey): Promise<Service | undefined>;
  /** Throws `service_not_found`, or `state_damaged` when the document was set aside. */
  get(key: ServiceKey): Promise<Service>;
  /**
   * The only way to change a service. Under the key's lock `fn` gets the current value (undefined: none yet) and
   * returns the next one; if it returns the same value, nothing is written. New claims are taken before the write
   * (throws ClaimTakenError when another service holds one), and dropped claims are freed after it. Resolves when the
   * file and its folder are fsynced. Throws `state_unavailable` when the write failed: then nothing changed.
   */
  commit(key: ServiceKey, fn: (current: Service | undefined) => Service): Promise<Service>;
  /** The same for a change with a result in addition to the value: resolves to both once the value is durable. */
  change<R>(
    key: ServiceKey,
    fn: (current: Service | undefined) => Changed<Service, R>,
  ): Promise<Changed<Service, R>>;
  /** The service that holds the claim, if any. */
  holderOf(
    claim: { subdomain: string } | { address: string } | { vmid: number } | { domain: string },
  ): ServiceKey | undefined;
  /** The open or recently ended job, with its service's key. For archived jobs use `archive`. */
  findJob(id: string): Promise<{ key: ServiceKey; job: Job } | undefined>;
  /** The listener is called after every durable change. Returns a function that removes it. */
  onChange(listener: (next: Service, previous: Service | undefined) => void): () => void;
  /** Documents that were found damaged at boot and set aside. */
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

/** A line of the event log. */
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
  /** The cursor of the next page, also when the log is empty; undefined when it cannot be continued from `after`. */
  readonly next: string | undefined;
  readonly more: boolean;
  /**
   * True: the cursor is from another log, or its position is no longer kept. False without `next`: the text is not a
   * cursor.
   */
  readonly gone: boolean;
}

/** The event log, kept for 30 days: every event at least once, in the order in which the events were recorded. */
export interface EventStore {
  read(request: {
    readonly panel: string;
    /** A cursor; without it, reading starts with the oldest event. */
    readonly after: string | undefined;
    readonly limit: number;
  }): Promise<EventPage>;
  /** The cursor after the newest event, for this panel. */
  latest(panel: string): Promise<string>;
}

/**
 * A requested change, its caller and its result. It contains no request bodies and no paths: only known names and
 * ids.
 */
export interface AuditEntry {
  /** RFC 3339 */
  readonly at: string;
  readonly request_id: string;
  readonly door: Listener;
  /** A token; at the socket, the system user that the command line reports; null: an unknown caller. */
  readonly who:
    | { readonly token: string; readonly token_id: string }
    | { readonly user: string | null; readonly uid: number | null }
    | null;
  readonly panel: string | null;
  /** The client's address, as reported by trusted proxies; null at the socket. */
  readonly from: string | null;
  readonly method: string;
  /** The route's pattern. */
  readonly route: string;
  readonly service_id: string | null;
  readonly job_id: string | null;
  readonly status: number;
  /** Code of the error. */
  readonly code: string | null;
  /** The response was that of an earlier request with the same Idempotency-Key. */
  readonly replayed?: true;
  /** Names of unknown fields in the request, cleaned. */
  readonly unknown_fields?: string[];
  /** Number of equal refused requests that this entry stands for. */
  readonly count?: number;
}

export interface AuditQuery {
  readonly after: string | undefined;
  /** RFC 3339 */
  readonly since: string | undefined;
  readonly limit: number;
  /** Without it: entries of all panels and of unknown callers. */
  readonly panel: string | undefined;
  readonly serviceId: string | undefined;
}

export interface AuditPage {
  readonly entries: readonly AuditEntry[];
  /** See `EventPage`. */
  readonly next: string | undefined;
  readonly more: boolean;
  readonly gone: boolean;
}

/** Append-only. */
export interface AuditStore {
  /**
   * Durable when it resolves. Never rejects: entries that cannot be written stay in memory, and a warning is logged.
   */
  add(entry: AuditEntry): Promise<void>;
  /** Oldest first. */
  read(query: AuditQuery): Promise<AuditPage>;
}

export interface ApiToken {
  /** Schema version of its document; the store sets it. */
  readonly schema?: number;
  /** Shown in lists, e.g. `tok_...`; not secret. */
  readonly id: string;
  readonly name: string;
  readonly panel: string;
  readonly permissions: readonly string[];
  /** SHA-256 of the token, hex (a random 256-bit token needs no slow hash). */
  readonly sha256: string;
  /** Hashes from before rotations, each valid until its instant. */
  readonly former: readonly { readonly sha256: string; readonly until: string }[];
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** CIDRs; empty: any source address. */
  readonly networks: readonly string[];
}

/** The agent's account at a certificate authority. */
export interface AcmeAccount {
  readonly schema: 1;
  readonly id: string;
  readonly directoryUrl: string;
  /** PEM */
  readonly key: Secret;
  /** The account's URL at the authority; null before it was created there. */
  readonly url: string | null;
}

/** The owner of a customer's DNS zone. The records are kept by the DNS server only. */
export interface ZoneRecord {
  readonly schema: 1;
  readonly id: string;
  readonly zone: string;
  readonly panel: string;
  readonly userId: string;
  readonly createdAt: string;
  /** The zone was requested and may or may not exist at the DNS server; the same request again finishes it. */
  readonly making?: boolean;
  /**
   * False: it was proven before its delegation, and at the last check it was not delegated to this provider's name
   * servers.
   */
  readonly delegated?: boolean;
  /** When it was deleted (RFC 3339): kept for a while, so that a repeated deletion is not an error. */
  readonly goneAt?: string;
  /** Ids of the last deleted records, for the same reason. */
  readonly goneRecords?: readonly string[];
}

/** A request with an `Idempotency-Key`, and its response. */
export interface RememberedCall {
  readonly schema: 1;
  /** Derived from panel, token and key. */
  readonly id: string;
  /** Fingerprint of the request. */
  readonly fingerprint: string;
  readonly requestId: string;
  /** The calling panel; absent in records of older releases. */
  readonly panel?: string;
  /** Id of the calling token; absent in records of older releases. */
  readonly token?: string;
  /** The service in the request, if any. */
  readonly serviceId: string | null;
  /** Null until the response was sent; the body may contain a password. */
  readonly answer: { readonly code: number; readonly body: Secret } | null;
  readonly createdAt: string;
  readonly expiresAt: string;
}

/** Stores documents of one kind other than services. */
export interface DocumentStore<T> {
  /** Increases with every change, so that values derived from `list` can be cached until then. */
  readonly revision: number;
  list(): readonly T[];
  find(id: string): T | undefined;
  commit(id: string, fn: (current: T | undefined) => T): Promise<T>;
  /**
   * Durable when it resolves; does nothing when it does not exist. `only`: called under the lock; false keeps the
   * document.
   */
  remove(id: string, only?: (current: T) => boolean): Promise<void>;
}

/** The state of the key that encrypts secrets. */
export interface KeyStatus {
  readonly keyId: string;
  /** The operator has configured the key, so the agent cannot change it. */
  readonly configured: boolean;
  /** Former keys that can still decrypt. */
  readonly formerIds: readonly string[];
  /** Documents are being rewritten with the present key. */
  readonly rewriting: boolean;
  /** Number of documents rewritten so far. */
  readonly rewritten: number;
  /** Damaged documents that only a former key can decrypt. */
  readonly neededBy: readonly string[];
  /** Why the rotation did not finish. */
  readonly problem: string | null;
}

export interface StateKeys {
  status(): KeyStatus;
  /**
   * Generates a new key and starts to rewrite all documents with it, or continues a started rotation. Throws
   * `state_key_configured`, `state_unavailable`.
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
   * All documents as of one instant, as an uncompressed tar that ends with a manifest of checksums. `agent`:
   * `agent.id`. The key of the secrets is included only with `withKey`. Changes wait for a moment. Throws
   * `state_unavailable`.
   */
  exportCopy(options: { readonly agent: string; readonly withKey: boolean }): Promise<Readable>;
  readonly alerts: DocumentStore<AlertRecord>;
  readonly keys: StateKeys;
  /** Damaged documents of all kinds that were set aside, at this start or an earlier one. */
  readonly damaged: readonly { readonly file: string; readonly problem: string }[];
  /** True after a failed write that may have left memory and disk different: the daemon must stop. */
  readonly broken: boolean;
  /** The reason (for operators only): a failed write, or the loss of the folder's lock. */
  readonly brokenBy: string | undefined;
  /**
   * Why the newest write failed (for operators only); undefined while writes succeed. Until a write succeeds again,
   * requests are refused; the agent retries by itself.
   */
  readonly failing: string | undefined;
  /** Releases the folder's lock. */
  close(): Promise<void>;
}

export interface FileOperationEnd {
  readonly operation: 'write' | 'append' | 'rename' | 'unlink' | 'sync';
  readonly ms: number;
  /** The system's error code (`ENOSPC`) if the operation failed. */
  readonly code: string | undefined;
}
