/** The stores that operations and jobs work with, in memory: nothing is written, everything else is as it is. */
import { AgentError } from '../../src/kernel/errors.js';
import type { StoredPlan } from '../../src/model/stored-plan.js';
import type { Task } from '../../src/model/task.js';
import type { Server } from '../../src/model/server.js';
import type { Reservation } from '../../src/model/reservation.js';
import type { Job } from '../../src/model/job.js';
import { keyOf, type Service, type ServiceKey } from '../../src/model/service.js';
import type { DocumentStore, JobArchive, ServiceStore, State } from '../../src/state/contract.js';
import { addressClaim, claimsOf, domainClaim, nameClaim, vmidClaim } from '../../src/state/stores/claims.js';
import { ServiceIndex } from '../../src/state/stores/service-index.js';

export interface MemoryState {
  readonly services: ServiceStore;
  readonly archive: JobArchive;
  readonly reservations: DocumentStore<Reservation>;
  /** For what asks for more stores than it uses. */
  readonly state: State;
  readonly archived: Job[];
  /** How many changes of services were recorded. */
  readonly writes: () => number;
}

export function memoryState(...first: Service[]): MemoryState {
  const archived: Job[] = [];
  const { services, writes } = memoryServices(first);
  const archive: JobArchive = {
    append: async ({ job }) => void archived.push(job),
    async find(id) {
      const job = archived.findLast((one) => one.id === id);
      return job && { key: 'default/12', job };
    },
  };
  const reservations = memoryDocuments<Reservation>();
  const plans = memoryDocuments<StoredPlan>();
  const tasks = memoryDocuments<Task>();
  const servers = memoryDocuments<Server>();
  const some: unknown = {
    services,
    archive,
    reservations,
    plans,
    tasks,
    servers,
    domains: memoryDocuments(),
  };
  return { services, archive, reservations, state: some as State, archived, writes };
}

function memoryServices(first: readonly Service[]) {
  const index = new ServiceIndex();
  const documents = new Map<ServiceKey, Service>();
  const listeners = new Set<Parameters<ServiceStore['onChange']>[0]>();
  let writes = 0;
  for (const service of first) {
    index.load(service);
    documents.set(keyOf(service), service);
  }
  const services: ServiceStore = {
    damaged: [],
    entries: () => index.entries(),
    unfinished: () => index.unfinished(),
    entry: (key) => index.entry(key),
    find: async (key) => documents.get(key),
    async get(key) {
      const found = documents.get(key);
      if (!found) throw new AgentError('service_not_found', 'There is no service with this id.');
      return found;
    },
    commit: async (key, fn) =>
      (await services.change(key, (current) => ({ value: fn(current), result: undefined }))).value,
    async change(key, fn) {
      const current = documents.get(key);
      const changed = fn(current);
      if (changed.value === current) return changed;
      writes += 1;
      const had = current ? claimsOf(current) : [];
      const has = claimsOf(changed.value);
      index.claims.take(key, has, had);
      index.put(changed.value, current);
      index.claims.free(key, had, has);
      documents.set(key, changed.value);
      for (const listener of listeners) listener(changed.value, current);
      return changed;
    },
    holderOf(claim) {
      if ('domain' in claim) return index.claims.holderOf(domainClaim(claim.domain));
      if ('subdomain' in claim) return index.claims.holderOf(nameClaim(claim.subdomain));
      if ('address' in claim) return index.claims.holderOf(addressClaim(claim.address));
      return index.claims.holderOf(vmidClaim(claim.vmid));
    },
    placesOn: (server) => index.claims.placesOn(server),
    async findJob(id) {
      const key = index.keyOfJob(id);
      const job = key && documents.get(key)?.jobs.find((one) => one.id === id);
      return key && job ? { key, job } : undefined;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  return { services, writes: () => writes };
}

function memoryDocuments<T>(): DocumentStore<T> {
  const documents = new Map<string, T>();
  let revision = 0;
  return {
    get revision() {
      return revision;
    },
    list: () => [...documents.values()],
    find: (id) => documents.get(id),
    async commit(id, fn) {
      const next = fn(documents.get(id));
      documents.set(id, next);
      revision += 1;
      return next;
    },
    async remove(id, only = () => true) {
      const current = documents.get(id);
      if (current === undefined || !only(current)) return;
      documents.delete(id);
      revision += 1;
    },
  };
}
