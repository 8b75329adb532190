/** A State in memory that keeps the store's promises: a lock per key, claims before the write, listeners after it. */
import { AgentError } from '../../src/domain/errors.js';
import { ENDED, type Job } from '../../src/domain/job.js';
import { keyOf, type Service, type ServiceKey } from '../../src/domain/service.js';
import type { ApiToken, ServiceEntry, ServiceStore, State } from '../../src/state/contract.js';

export interface FakeState extends State {
  /** Durable writes so far. */
  readonly writes: number;
  /** Makes the next writes fail. */
  failWrites: boolean;
  readonly archived: { key: ServiceKey; job: Job }[];
}

function claimsOf(service: Service): string[] {
  const stuck = service.jobs.some((job) => job.status === 'stuck' || !ENDED.includes(job.status));
  if ((service.lifecycle === 'terminated' || service.lifecycle === 'failed') && !stuck) return [];
  return [
    `subdomain:${service.subdomain}`,
    ...service.addresses.map(({ address }) => `address:${address}`),
    ...(service.vmid === null ? [] : [`vmid:${service.vmid}`]),
  ];
}

const CONFLICT = { subdomain: 'name_taken', address: 'capacity_exhausted', vmid: 'vmid_taken' } as const;

export function fakeState(): FakeState {
  const services = new Map<ServiceKey, Service>();
  const claims = new Map<string, ServiceKey>();
  const tokens = new Map<string, ApiToken>();
  const locks = new Map<string, Promise<unknown>>();
  const listeners = new Set<(next: Service, previous: Service | undefined) => void>();
  const archived: { key: ServiceKey; job: Job }[] = [];
  const control = { writes: 0, failWrites: false };

  const write = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    if (control.failWrites) throw new AgentError('state_unavailable', 'The request could not be recorded.');
    control.writes += 1;
  };
  const locked = async <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const before = locks.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    locks.set(key, mine);
    return mine;
  };
  const claim = (key: ServiceKey, wanted: readonly string[]): void => {
    for (const name of wanted) {
      const holder = claims.get(name);
      if (holder === undefined || holder === key) continue;
      const kind = name.split(':')[0];
      const code =
        kind === 'subdomain' || kind === 'address' || kind === 'vmid' ? CONFLICT[kind] : 'name_taken';
      throw new AgentError(code, 'Taken by another service.');
    }
    for (const name of wanted) claims.set(name, key);
  };

  const store: ServiceStore = {
    damaged: [],
    *entries() {
      for (const key of [...services.keys()].sort()) {
        const service = services.get(key);
        if (service) yield entryOf(service);
      }
    },
    entry: (key) => {
      const service = services.get(key);
      return service && entryOf(service);
    },
    find: async (key) => services.get(key),
    get: async (key) => {
      const service = services.get(key);
      if (!service) throw new AgentError('service_not_found', 'There is no service with this id.');
      return service;
    },
    commit: (key, fn) =>
      locked(key, async () => {
        const current = services.get(key);
        const next = fn(current);
        if (next === current) return next;
        const before = current ? claimsOf(current) : [];
        const after = claimsOf(next);
        claim(key, after);
        try {
          await write();
        } catch (error) {
          for (const name of after) if (!before.includes(name)) claims.delete(name);
          throw error;
        }
        services.set(key, next);
        for (const name of before) if (!after.includes(name)) claims.delete(name);
        for (const listener of listeners) listener(next, current);
        return next;
      }),
    holderOf: (wanted) => {
      const [[kind, value] = ['', '']] = Object.entries(wanted);
      return claims.get(`${kind}:${value}`);
    },
    findJob: async (id) => {
      for (const service of services.values()) {
        const job = service.jobs.find((candidate) => candidate.id === id);
        if (job) return { key: keyOf(service), job };
      }
      return undefined;
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return {
    services: store,
    archived,
    archive: {
      append: async (entry) => {
        archived.push(entry);
      },
      find: async (id) => archived.find((entry) => entry.job.id === id),
    },
    tokens: {
      list: () => [...tokens.values()],
      find: (id) => tokens.get(id),
      commit: (id, fn) =>
        locked(`token ${id}`, async () => {
          const next = fn(tokens.get(id));
          if (next === tokens.get(id)) return next;
          await write();
          tokens.set(id, next);
          return next;
        }),
    },
    broken: false,
    close: async () => {},
    get writes() {
      return control.writes;
    },
    get failWrites() {
      return control.failWrites;
    },
    set failWrites(value) {
      control.failWrites = value;
    },
  };
}

function entryOf(service: Service): ServiceEntry {
  return {
    key: keyOf(service),
    panel: service.panel,
    id: service.id,
    lifecycle: service.lifecycle,
    plan: service.plan.name,
    subdomain: service.subdomain,
    fqdn: service.fqdn,
    vmid: service.vmid,
    node: service.node,
    memoryMb: service.plan.memoryMb,
    addresses: service.addresses.map(({ address }) => address),
    openJobs: service.jobs.map(({ id, status }) => ({ id, status })),
    updatedAt: service.updatedAt,
  };
}
