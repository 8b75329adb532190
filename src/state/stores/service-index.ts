/**
 * The in-memory index of all services: their entries in the order of the keys, their claims, and the service of each
 * job.
 */
import { erasedAt } from '../../model/credentials.js';
import { groupOf } from '../../model/server.js';
import { failureOf } from '../../kernel/errors.js';
import { failedOrders } from '../../model/failed-order.js';
import { isOpen, type Job } from '../../model/job.js';
import { isHeld, keyOf, type Service, type ServiceKey } from '../../model/service.js';
import { settledPower } from '../../model/status.js';
import { lackOf } from '../../model/waiting-order.js';
import { ClaimTable, claimsOf } from './claims.js';
import type { ServiceEntry } from '../contract.js';

export function entryOf(service: Service): ServiceEntry {
  const { guest, site, server } = service;
  return Object.freeze({
    key: keyOf(service),
    panel: service.panel,
    id: service.id,
    generation: service.generation,
    lifecycle: service.lifecycle,
    plan: service.plan.name,
    module: service.module.name,
    subdomain: site?.subdomain ?? null,
    fqdn: site?.fqdn ?? null,
    hasGuest: guest !== null,
    vmid: guest?.vmid ?? null,
    node: guest?.node ?? null,
    server: server?.id ?? null,
    serverGroup: groupOf(service.plan),
    hasServer: server !== undefined,
    memoryMb: service.plan.memoryMb,
    diskGb: service.plan.diskGb,
    pools: service.plan.pools ?? null,
    location: service.plan.location ?? null,
    addresses: Object.freeze(guest?.addresses.map(({ address }) => address) ?? []),
    domains: Object.freeze(site?.domains.map(({ domain }) => domain) ?? []),
    requestDueAt: service.lifecycle === 'active' ? (site?.domainWish?.nextAt ?? null) : null,
    openJobs: Object.freeze(
      service.jobs.filter(isOpen).map((job) =>
        Object.freeze({
          id: job.id,
          method: job.method,
          status: job.status,
          waitsFor: job.waiting?.for ?? null,
          refusedBy: refuserOf(job),
          lacks: lackOf(job),
        }),
      ),
    ),
    stuck: service.jobs.some(({ status }) => status === 'stuck'),
    failedOrder: failedOrders(service).length > 0,
    settled: settledPower(service.jobs),
    createdAt: service.createdAt,
    updatedAt: service.updatedAt,
    deletedAt: service.deletion?.requestedAt ?? null,
    passwordUntil: erasedAt(service),
    smallerPlanAt: service.smallerPlanAt ?? null,
    purgeAt: isHeld(service) ? (service.deletion?.purgeAt ?? null) : null,
  });
}

/**
 * The name of the system that rejects the agent, if the job waits for that reason. The name is also returned while the
 * job makes another try.
 */
function refuserOf({ waiting, error }: Job): string | null {
  if (!waiting || !error || failureOf(error) !== 'refused_us') return null;
  return error.system ?? error.role ?? null;
}

export class ServiceIndex {
  readonly claims = new ClaimTable();
  readonly #entries = new Map<ServiceKey, ServiceEntry>();
  readonly #unfinished = new Map<ServiceKey, ServiceEntry>();
  readonly #jobs = new Map<string, ServiceKey>();
  /**
   * The sorted keys. The array itself is never changed but replaced by a new array, so that a running iteration is not
   * affected.
   */
  #keys: readonly ServiceKey[] = [];
  /** New keys, which are added to the sorted keys at the next iteration. */
  #late: ServiceKey[] = [];

  *entries(): Generator<ServiceEntry> {
    if (this.#late.length > 0) this.#keys = [...this.#keys, ...this.#late].sort();
    this.#late = [];
    for (const key of this.#keys) {
      const entry = this.#entries.get(key);
      if (entry) yield entry;
    }
  }

  unfinished(): Iterable<ServiceEntry> {
    return this.#unfinished.values();
  }

  entry(key: ServiceKey): ServiceEntry | undefined {
    return this.#entries.get(key);
  }

  keyOfJob(id: string): ServiceKey | undefined {
    return this.#jobs.get(id);
  }

  /**
   * Updates the index. Call this after the document has been saved durably. The caller must free the claims that the
   * service no longer has.
   */
  put(next: Service, previous: Service | undefined): void {
    const key = keyOf(next);
    if (!this.#entries.has(key)) this.#late.push(key);
    const entry = entryOf(next);
    this.#entries.set(key, entry);
    if (entry.lifecycle === 'creating' || entry.lifecycle === 'failed') this.#unfinished.set(key, entry);
    else this.#unfinished.delete(key);
    for (const { id } of previous?.jobs ?? []) this.#jobs.delete(id);
    for (const { id } of next.jobs) this.#jobs.set(id, key);
  }

  /** Adds a document that was read at boot. Returns a sentence for each claim that another document holds too. */
  load(service: Service): string[] {
    const key = keyOf(service);
    this.put(service, undefined);
    return claimsOf(service).flatMap((claim) => {
      const other = this.claims.record(key, claim);
      return other === undefined ? [] : [`${claim} is held by both ${other} and ${key}`];
    });
  }
}
