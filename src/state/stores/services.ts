/**
 * The store of services. Each service is one document. Changes of a key run in sequence; claims are made before a
 * write and freed after it.
 */
import { Low } from 'lowdb';
import { v7 as uuidV7 } from 'uuid';
import type { Changed } from '../../kernel/changed.js';
import { AgentError } from '../../kernel/errors.js';
import type { Job } from '../../model/job.js';
import { keyOf, type Service, type ServiceKey } from '../../model/service.js';
import { happenings } from '../../model/event.js';
import type { ServiceEvent } from '../../model/service-event.js';
import { addressClaim, claimsOf, domainClaim, nameClaim, vmidClaim } from './claims.js';
import type { ServiceEntry, ServiceStore } from '../contract.js';
import type { DamagedDocument } from './damaged.js';
import type { EventLog } from '../logs/event-log.js';
import { unavailable, type Disk } from '../files/disk.js';
import { DamagedDocumentError } from '../documents/document.js';
import { KeyedLock } from '../../kernel/async/keyed-lock.js';
import type { DeferWrite } from '../files/deferred-writes.js';
import { loadServices, pathOf, serviceAdapter } from './load-services.js';
import { LruCache } from './lru-cache.js';
import type { SecretBox } from '../keys/secret-box.js';
import { ServiceIndex } from './service-index.js';

export interface ServicesOptions {
  readonly disk: Disk;
  readonly box: SecretBox;
  /** The state folder. */
  readonly dir: string;
  /** RFC 3339. */
  readonly now: () => string;
  readonly warn: (message: string, detail: string) => void;
  readonly later: DeferWrite;
  readonly events?: EventLog;
  /** Number of full documents kept in memory; default 2000. */
  readonly recent?: number;
}

type Listener = (next: Service, previous: Service | undefined) => void;

export class Services implements ServiceStore {
  readonly damaged: readonly DamagedDocument[];
  readonly #options: ServicesOptions;
  readonly #index: ServiceIndex;
  readonly #recent: LruCache<Service>;
  readonly #lock = new KeyedLock();
  readonly #listeners = new Set<Listener>();
  /** Keys of services that have only a damaged document. */
  readonly #refused: ReadonlySet<ServiceKey>;

  private constructor(
    options: ServicesOptions,
    index: ServiceIndex,
    recent: LruCache<Service>,
    damaged: readonly DamagedDocument[],
  ) {
    this.#options = options;
    this.#index = index;
    this.#recent = recent;
    this.damaged = damaged;
    this.#refused = new Set(
      damaged.flatMap(({ key }) => (key === undefined || index.entry(key) ? [] : [key])),
    );
  }

  /** Reads all documents. Throws AgentError `state_unavailable`. */
  static async open(options: ServicesOptions): Promise<Services> {
    const index = new ServiceIndex();
    const recent = new LruCache<Service>(options.recent ?? 2000);
    const onService = (service: Service): void => {
      options.events?.takeUp(service);
      for (const clash of index.load(service))
        options.warn('two documents claim the same name, address or number', clash);
      // services with open jobs are needed at once, so their documents are cached; the documents of other services are
      // read when they are needed
      if (index.entry(keyOf(service))?.openJobs.length) recent.set(keyOf(service), service);
    };
    const damaged = await loadServices({ ...options, onService });
    for (const { file, key, claims } of damaged) {
      // if there is a readable document of the same service, an operator has restored it
      if (key !== undefined && index.entry(key)) continue;
      for (const claim of claims) index.claims.record(key ?? `(damaged)/${file}`, claim);
    }
    return new Services(options, index, recent, damaged);
  }

  entries(): Iterable<ServiceEntry> {
    return this.#index.entries();
  }

  unfinished(): Iterable<ServiceEntry> {
    return this.#index.unfinished();
  }

  entry(key: ServiceKey): ServiceEntry | undefined {
    return this.#index.entry(key);
  }

  async find(key: ServiceKey): Promise<Service | undefined> {
    this.#assertReadable(key);
    if (!this.#index.entry(key)) return undefined;
    // the lock is needed, because a read that began before a change could otherwise put the old document into memory
    // after the change
    return this.#recent.get(key) ?? this.#lock.run(key, () => this.#load(key));
  }

  async get(key: ServiceKey): Promise<Service> {
    const service = await this.find(key);
    if (!service) throw new AgentError('service_not_found', 'There is no service with this id.');
    return service;
  }

  async commit(key: ServiceKey, fn: (current: Service | undefined) => Service): Promise<Service> {
    const { value } = await this.change(key, (current) => ({ value: fn(current), result: undefined }));
    return value;
  }

  change<R>(
    key: ServiceKey,
    fn: (current: Service | undefined) => Changed<Service, R>,
  ): Promise<Changed<Service, R>> {
    return this.#lock.run(key, async () => {
      this.#assertReadable(key);
      const broken = this.#options.disk.broken;
      if (broken !== undefined) throw unavailable(broken);
      const current = await this.#load(key);
      const { value, result } = fn(current);
      return { value: value === current ? current : await this.#save(key, value, current), result };
    });
  }

  holderOf(
    claim: { subdomain: string } | { address: string } | { vmid: number } | { domain: string },
  ): ServiceKey | undefined {
    const { claims } = this.#index;
    if ('domain' in claim) return claims.holderOf(domainClaim(claim.domain));
    if ('subdomain' in claim) return claims.holderOf(nameClaim(claim.subdomain));
    if ('address' in claim) return claims.holderOf(addressClaim(claim.address));
    return claims.holderOf(vmidClaim(claim.vmid));
  }

  placesOn(server: string): ReadonlySet<number> {
    return this.#index.claims.placesOn(server);
  }

  async findJob(id: string): Promise<{ key: ServiceKey; job: Job } | undefined> {
    const key = this.#index.keyOfJob(id);
    const service = key === undefined ? undefined : await this.find(key);
    const job = service?.jobs.find((candidate) => candidate.id === id);
    return key === undefined || !job ? undefined : { key, job };
  }

  onChange(listener: Listener): () => void {
    // the listener is wrapped in a new function, because the same listener may be added twice and must then be
    // removable separately
    const own: Listener = (next, previous) => listener(next, previous);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /**
   * Rewrites the documents for whose text `isOld` returns true, so that their secrets are sealed with the present key.
   * Returns the number of rewritten documents.
   */
  async reseal(isOld: (text: string) => boolean): Promise<number> {
    let count = 0;
    for (const { key } of this.#index.entries())
      await this.#lock.run(key, async () => {
        const text = await this.#options.disk.find(pathOf(this.#options.dir, key));
        if (text === undefined || !isOld(text)) return;
        const service = await this.#load(key);
        if (!service) return;
        await new Low<Service | null>(serviceAdapter(this.#options, key), service).write();
        count += 1;
      });
    return count;
  }

  /** Resolves when no change is under way. */
  idle(): Promise<void> {
    return this.#lock.idle();
  }

  #assertReadable(key: ServiceKey): void {
    if (this.#refused.has(key)) throw damagedError(key, 'it was set aside');
  }

  /** Must be called under the key's lock. */
  async #load(key: ServiceKey): Promise<Service | undefined> {
    if (!this.#index.entry(key)) return undefined;
    const known = this.#recent.get(key);
    if (known) return known;
    const document = new Low<Service | null>(serviceAdapter(this.#options, key), null);
    try {
      await document.read();
    } catch (error) {
      if (error instanceof DamagedDocumentError) throw damagedError(key, error.message);
      throw error instanceof AgentError ? error : unavailable('a document cannot be read', error);
    }
    if (!document.data) throw damagedError(key, 'its file no longer exists');
    this.#recent.set(key, document.data);
    return document.data;
  }

  /** Must be called under the key's lock. */
  async #save(key: ServiceKey, wanted: Service, current: Service | undefined): Promise<Service> {
    const adapter = serviceAdapter(this.#options, key);
    const events = eventsOf(current, wanted, this.#options.now());
    const next = adapter.checked(withEvents(current, wanted, events));
    if (keyOf(next) !== key)
      throw new AgentError(
        'internal_error',
        'An internal error in the agent prevented the change from being recorded.',
        {
          detail: `a change of the document ${key} returned a document of ${keyOf(next)}`,
        },
      );
    const held = current ? claimsOf(current) : [];
    const claims = claimsOf(next);
    this.#index.claims.take(key, claims, held);
    try {
      await new Low<Service | null>(adapter, next).write();
    } catch (error) {
      // while it is uncertain which document is on the disk, the service keeps both its old and its new claims
      if (this.#options.disk.broken === undefined) this.#index.claims.free(key, claims, held);
      throw error;
    }
    this.#index.claims.free(key, held, claims);
    this.#index.put(next, current);
    this.#recent.set(key, next);
    this.#options.events?.add(next, events);
    this.#tell(next, current);
    return next;
  }

  #tell(next: Service, previous: Service | undefined): void {
    for (const listener of this.#listeners) {
      try {
        listener(next, previous);
      } catch (error) {
        const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.#options.warn('a listener of state changes failed', detail);
      }
    }
  }
}

/**
 * Number of events that a document keeps. The log is written immediately after the document, so after a crash the log
 * can lack only these newest events.
 */
const KEPT_EVENTS = 10;

function eventsOf(before: Service | undefined, after: Service, at: string): ServiceEvent[] {
  const msecs = Date.parse(at);
  return happenings(before, after).map((happening) => ({ id: uuidV7({ msecs }), at, ...happening }));
}

function withEvents(before: Service | undefined, after: Service, events: readonly ServiceEvent[]): Service {
  const kept = [...(before?.events ?? []), ...events].slice(-KEPT_EVENTS);
  return kept.length > 0 ? { ...after, events: kept } : after;
}

function damagedError(key: ServiceKey, detail: string): AgentError {
  return new AgentError(
    'state_damaged',
    'The record of this service is damaged; the operator must check it.',
    {
      role: 'agent',
      detail: `${key}: ${detail}`,
    },
  );
}
