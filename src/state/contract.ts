/** The interfaces of the stores that the rest of the agent uses. */
import type { Readable } from 'node:stream';
import type { Changed } from '../kernel/changed.js';
import type { AlertRecord } from '../model/alert.js';
import type {
  CollectionData,
  CollectionDocument,
  CollectionId,
  CollectionShape,
  MigratedDocument,
  NewDocument,
  Page,
  PageQuery,
  ServiceLife,
} from '../model/collection.js';
import type { CustomDomainRecord } from '../model/custom-domain.js';
import type { ModuleInstance } from '../model/module-instance.js';
import type { ModuleRecord } from '../model/module-record.js';
import type { Reservation } from '../model/reservation.js';
import type { Server } from '../model/server.js';
import type { StoredPlan } from '../model/stored-plan.js';
import type { ModuleWork } from '../model/module-work.js';
import type { Task } from '../model/task.js';
import type { EventType } from '../model/service-event.js';
import type { Json } from '../kernel/json.js';
import type { Job, JobStatus } from '../model/job.js';
import type { KindName } from '../model/job-kinds.js';
import type { SettledPower } from '../model/status.js';
import type { Secret } from '../kernel/secret.js';
import type { Lifecycle, Service, ServiceKey } from '../model/service.js';
import type { Lack } from '../model/waiting-order.js';
import type { Listener } from '../model/listener.js';

/** The part of a service's data that the agent keeps in memory for every service. */
export interface ServiceEntry {
  readonly key: ServiceKey;
  readonly panel: string;
  readonly id: string;
  readonly generation: number;
  readonly lifecycle: Lifecycle;
  readonly plan: string;
  /** Name of the service's product module. */
  readonly module: string;
  /** Null when the service has no site. */
  readonly subdomain: string | null;
  readonly fqdn: string | null;
  readonly hasGuest: boolean;
  readonly vmid: number | null;
  readonly node: string | null;
  /** Id of the server on which the service has its account; null if it has none. */
  readonly server: string | null;
  /** The group of servers of the service's plan. */
  readonly serverGroup: string;
  /** Whether the product creates accounts on servers. */
  readonly hasServer: boolean;
  readonly memoryMb: number;
  readonly diskGb: number;
  /** The pools and the location of the plan; null if the plan names none. */
  readonly pools: readonly string[] | null;
  readonly location: string | null;
  readonly addresses: readonly string[];
  /** Custom domains, without their `www`. */
  readonly domains: readonly string[];
  /**
   * When the agent next tries to add the domain of the order (RFC 3339); null if the order has no such domain, or the
   * site is not active.
   */
  readonly requestDueAt: string | null;
  readonly openJobs: readonly {
    readonly id: string;
    readonly method: KindName;
    readonly status: JobStatus;
    readonly waitsFor: string | null;
    /** Name of the system that rejects the agent, if the job waits for that reason. */
    readonly refusedBy: string | null;
    /** The missing resource that the job waits for, if the operator must provide that resource. */
    readonly lacks: Lack | null;
  }[];
  /** True when a job of the service is stuck and an operator must finish it. */
  readonly stuck: boolean;
  /** True when an order for the service failed and needs an operator. */
  readonly failedOrder: boolean;
  readonly settled: SettledPower | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** When the administrator's password will be erased (RFC 3339); null if no password is stored. */
  readonly passwordUntil: string | null;
  /** When the deletion was requested, and when the purge of the container is due (null if nothing is kept). */
  readonly deletedAt: string | null;
  readonly purgeAt: string | null;
  /** The time at which a smaller plan was applied although the service uses more than that plan allows (RFC 3339). */
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
   * Services that are being created and services whose creation failed, in no particular order. These services are
   * indexed separately, because each new order must know what the other unfinished services still need.
   */
  unfinished(): Iterable<ServiceEntry>;
  entry(key: ServiceKey): ServiceEntry | undefined;
  find(key: ServiceKey): Promise<Service | undefined>;
  /** Throws `service_not_found`, or `state_damaged` when the service's document was found damaged and set aside. */
  get(key: ServiceKey): Promise<Service>;
  /**
   * The only way to change a service. Under the key's lock, `fn` gets the current value (undefined if there is none
   * yet) and returns the next value. If `fn` returns the same value, nothing is written. New claims are made before the
   * write, and dropped claims are freed after it. Throws ClaimTakenError when another service holds a new claim.
   * Resolves when the file and its folder are fsynced. Throws `state_unavailable` when the write failed; in that case
   * nothing has changed.
   */
  commit(key: ServiceKey, fn: (current: Service | undefined) => Service): Promise<Service>;
  /**
   * Like `commit`, but for a change that also returns a result. Resolves to the value and the result once the value is
   * durable.
   */
  change<R>(
    key: ServiceKey,
    fn: (current: Service | undefined) => Changed<Service, R>,
  ): Promise<Changed<Service, R>>;
  /** The service that holds the claim, if any. */
  holderOf(
    claim: { subdomain: string } | { address: string } | { vmid: number } | { domain: string },
  ): ServiceKey | undefined;
  /**
   * The places of a server that services hold, also those that a change which is being written takes. The numbers begin
   * with 1.
   */
  placesOn(server: string): ReadonlySet<number>;
  /** Finds an open or recently ended job, together with the key of its service. For archived jobs use `archive`. */
  findJob(id: string): Promise<{ key: ServiceKey; job: Job } | undefined>;
  /** The listener is called after every durable change. Returns a function that removes the listener. */
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
  /** The line is durable when the promise resolves. */
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
  /**
   * The cursor of the next page, even if the log is empty. Undefined if the log cannot be read from the cursor `after`.
   */
  readonly next: string | undefined;
  readonly more: boolean;
  /**
   * True if the cursor `after` is from another log, or if the log no longer contains its position. If `gone` is false
   * and `next` is undefined, the text `after` is not a cursor.
   */
  readonly gone: boolean;
}

/** The event log, kept for 30 days: every event at least once, in the order in which the events were recorded. */
export interface EventStore {
  read(request: {
    readonly panel: string;
    /** The cursor to continue from. Without a cursor, reading starts with the oldest event. */
    readonly after: string | undefined;
    readonly limit: number;
  }): Promise<EventPage>;
  /** Events of all panels, for a reader inside of the agent. Otherwise like `read`. */
  readAll(request: {
    readonly reader: string;
    readonly after: string;
    readonly limit: number;
  }): Promise<EventPage>;
  latestOfAll(reader: string): Promise<string>;
  /** The listener is called when new events are in the log. Returns a function that removes the listener. */
  onAdded(listener: () => void): () => void;
  /** The cursor after the newest event, for this panel. */
  latest(panel: string): Promise<string>;
}

/**
 * An entry of the audit log: a requested change, its caller and its result. An entry contains no request bodies and no
 * paths. Of the request it contains only names and ids that the agent knows.
 */
export interface AuditEntry {
  /** RFC 3339 */
  readonly at: string;
  readonly request_id: string;
  readonly door: Listener;
  /**
   * The caller's token or, at the socket, the system user that the command line reports. Null for an unknown caller.
   */
  readonly who:
    | { readonly token: string; readonly token_id: string }
    | { readonly user: string | null; readonly uid: number | null }
    | null;
  readonly panel: string | null;
  /** The client's address, which may come from a trusted proxy; null at the socket. */
  readonly from: string | null;
  readonly method: string;
  /** The route's pattern. */
  readonly route: string;
  readonly service_id: string | null;
  readonly job_id: string | null;
  readonly status: number;
  /** Code of the error. */
  readonly code: string | null;
  /** Present if the response was the stored response of an earlier request with the same Idempotency-Key. */
  readonly replayed?: true;
  /** Names of unknown fields in the request. The names are cleaned. */
  readonly unknown_fields?: string[];
  /** Number of identical refused requests that this entry represents. */
  readonly count?: number;
}

export interface AuditQuery {
  readonly after: string | undefined;
  /** RFC 3339 */
  readonly since: string | undefined;
  readonly limit: number;
  /** Undefined selects the entries of all panels and of unknown callers. */
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
   * The entry is durable when the promise resolves. The promise never rejects: entries that cannot be written stay in
   * memory, and a warning is logged.
   */
  add(entry: AuditEntry): Promise<void>;
  /** Oldest first. */
  read(query: AuditQuery): Promise<AuditPage>;
}

export interface ApiToken {
  /** Schema version of the token's document, set by the store. */
  readonly schema?: number;
  /** Shown in lists, for example `tok_...`; not secret. */
  readonly id: string;
  readonly name: string;
  readonly panel: string;
  readonly permissions: readonly string[];
  /** SHA-256 of the token, hex (a random 256-bit token needs no slow hash). */
  readonly sha256: string;
  /** Hashes of the token's older texts, from before rotations. Each text is valid until the time `until`. */
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
  /** The account's URL at the authority; null until the account exists there. */
  readonly url: string | null;
}

/** The owner of a customer's DNS zone. Only the DNS server stores the zone's DNS records. */
export interface ZoneRecord {
  readonly schema: 1;
  readonly id: string;
  readonly zone: string;
  readonly panel: string;
  readonly userId: string;
  readonly createdAt: string;
  /**
   * True if the creation was interrupted. It is then unknown whether the zone exists at the DNS server. If the caller
   * repeats the request, the creation is completed.
   */
  readonly making?: boolean;
  /**
   * False if ownership was proven before the delegation, and the zone was not delegated to this provider's name servers
   * at the last check.
   */
  readonly delegated?: boolean;
  /**
   * When the zone was deleted (RFC 3339). The record is kept for a while, so that a repeated deletion is not an error.
   */
  readonly goneAt?: string;
  /** Ids of the last deleted records, so that a repeated deletion of one of them is not an error. */
  readonly goneRecords?: readonly string[];
}

/** A request with an `Idempotency-Key`, and its response. */
export interface RememberedCall {
  readonly schema: 1;
  /** The record's id, which is derived from the panel, the token and the key. */
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
  /** The response; null until it was sent. The body may contain a password. */
  readonly answer: { readonly code: number; readonly body: Secret } | null;
  readonly createdAt: string;
  readonly expiresAt: string;
}

/** Stores documents of one kind other than services. */
export interface DocumentStore<T> {
  /** Increases with every change, so that values derived from `list` can be cached until the next change. */
  readonly revision: number;
  list(): readonly T[];
  find(id: string): T | undefined;
  commit(id: string, fn: (current: T | undefined) => T): Promise<T>;
  /**
   * Removes the document durably, or does nothing if there is none. `only` is called under the lock; if it returns
   * false, the document is kept.
   */
  remove(id: string, only?: (current: T) => boolean): Promise<void>;
}

/** The state of the key that encrypts secrets. */
export interface KeyStatus {
  readonly keyId: string;
  /** True if the key is in the configuration. In that case the agent cannot change the key. */
  readonly configured: boolean;
  /** Former keys that can still decrypt. */
  readonly formerIds: readonly string[];
  /** True while documents are being rewritten with the present key. */
  readonly rewriting: boolean;
  /** Number of documents rewritten so far. */
  readonly rewritten: number;
  /** Damaged documents that only a former key can decrypt. */
  readonly neededBy: readonly string[];
  /** The reason why the rotation did not finish. */
  readonly problem: string | null;
}

export interface StateKeys {
  status(): KeyStatus;
  /**
   * Generates a new key and starts to rewrite all documents with that key, or continues a rotation that has begun.
   * Throws `state_key_configured`, `state_unavailable`.
   */
  rotate(): Promise<KeyStatus>;
}

/** The documents of one collection. All changes are durable when the promise resolves. */
export interface OpenCollection {
  get(key: string): Promise<CollectionDocument | undefined>;
  /** Throws CollectionError `invalid` for an index, cursor or bound that does not exist. */
  page(query: PageQuery): Promise<Page>;
  /** All of them or none. Throws CollectionError `exists`, `not_unique`, `not_indexable`, `invalid`, `full`. */
  insert(documents: readonly NewDocument[]): Promise<CollectionDocument[]>;
  /**
   * `change` gets the current data and returns the new data. With `version`, only that version is changed. Throws
   * CollectionError `missing`, `stale`, and those of `insert`.
   */
  update(
    key: string,
    change: (current: CollectionData) => CollectionData,
    version?: number,
  ): Promise<CollectionDocument>;
  /** False if there was none. Throws CollectionError `stale`. */
  remove(key: string, version?: number): Promise<boolean>;
}

/** A migration of a collection. The code of the module changes the documents. */
export interface CollectionMigration {
  readonly id: CollectionId;
  /** The shape after the migration. */
  readonly shape: CollectionShape;
  /**
   * Returns the documents that replace those of the chunk; one that is left out is deleted. `done` is the number of
   * migrations that the documents have been through.
   */
  readonly change: (
    chunk: readonly CollectionDocument[],
    done: number,
  ) => Promise<readonly MigratedDocument[]>;
  /** `kept`: the changed documents are complete on disk, but the former ones stay in use. */
  readonly end: 'kept' | 'used';
  readonly signal: AbortSignal;
}

/** The collections of all modules. A collection is opened at its first use. */
export interface CollectionStore {
  /**
   * Throws CollectionError `outdated` if the documents need a migration, and `unfit` if the shape does not fit them.
   * Throws AgentError `state_damaged` if the collection's file was set aside.
   */
  use<R>(
    id: CollectionId,
    shape: CollectionShape,
    work: (collection: OpenCollection) => Promise<R>,
  ): Promise<R>;
  /**
   * Changes the documents to the shape. Does nothing if they have it already. Calls to the collection wait meanwhile.
   * Throws what `change` throws, the signal's reason, and CollectionError for documents that do not fit the shape: in
   * these cases the collection is unchanged. After the signal's reason, the next migration continues with the rest.
   */
  migrate(migration: CollectionMigration): Promise<void>;
  /** Removes what migrations of a module have kept. */
  discard(module: CollectionId['module']): Promise<void>;
  /** Deletes the documents of services for which `isOver` returns true. Returns the number of documents. */
  removeOver(isOver: (life: ServiceLife) => boolean): Promise<number>;
  /** Deletes all collections of a module. */
  drop(module: CollectionId['module']): Promise<void>;
}

export interface State {
  readonly collections: CollectionStore;
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
  /** The plans that were created through the API. The plans of the configuration are not stored. */
  readonly plans: DocumentStore<StoredPlan>;
  /** The tasks of modules. Only `modules/tasks` changes them. */
  readonly tasks: DocumentStore<Task>;
  /** The channels and gateways: instances of notification and payment modules. */
  readonly instances: DocumentStore<ModuleInstance>;
  /** The servers of all modules. */
  readonly servers: DocumentStore<Server>;
  /** The schedules of modules, and the events that modules have received. */
  readonly moduleWork: DocumentStore<ModuleWork>;
  /** One document for each module. Only `modules/activation` changes them. */
  readonly modules: DocumentStore<ModuleRecord>;
  /**
   * Exports all documents as they are at one instant. The export is an uncompressed tar file that ends with a manifest
   * of checksums. `agent` is `agent.id`. The key of the secrets is included only if `withKey` is true. Changes of the
   * state are delayed for a moment. Throws `state_unavailable`.
   */
  exportCopy(options: { readonly agent: string; readonly withKey: boolean }): Promise<Readable>;
  readonly alerts: DocumentStore<AlertRecord>;
  readonly keys: StateKeys;
  /** Damaged documents of all kinds that were set aside, by this daemon or an earlier one. */
  readonly damaged: readonly { readonly file: string; readonly problem: string }[];
  /** True after a failed write that may have left memory and disk different. The daemon must then stop. */
  readonly broken: boolean;
  /** Why `broken` is true: a write has failed, or the lock on the folder was lost. For operators only. */
  readonly brokenBy: string | undefined;
  /**
   * Why the newest write failed, for operators only; undefined while writes succeed. Requests are refused until a write
   * succeeds again. The agent retries the write itself.
   */
  readonly failing: string | undefined;
  /** Releases the lock on the state folder. */
  close(): Promise<void>;
}

export interface FileOperationEnd {
  readonly operation: 'write' | 'append' | 'rename' | 'unlink' | 'sync';
  readonly ms: number;
  /** The system's error code, for example `ENOSPC`, if the operation failed. */
  readonly code: string | undefined;
}
