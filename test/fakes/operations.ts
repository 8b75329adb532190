/** What operations work with, in memory: for tests of what they decide, which need no daemon. */
import pino from 'pino';
import type { Config } from '../../src/config/config.js';
import { AgentError } from '../../src/kernel/errors.js';
import { KeyedLock } from '../../src/kernel/async/keyed-lock.js';
import type { Caller } from '../../src/model/caller.js';
import { JOB_KINDS, kindData } from '../../src/model/job-kinds.js';
import type { Service } from '../../src/model/service.js';
import type { ClusterView } from '../../src/drivers/guest/contract.js';
import { serviceRecords } from '../../src/jobs/effects/service-subject.js';
import type { Difference, Notice, OperationContext, SoldProduct } from '../../src/services/context.js';
import { newDeletionRateLimit } from '../../src/services/deletion-rate-limit.js';
import { withJob } from '../../src/services/outcomes.js';
import { dataChecks } from '../../src/model/data-check.js';
import { type HandClock, handClock } from './clock.js';
import { testConfig } from './config.js';
import { fakeDrivers } from './drivers.js';
import { type MemoryState, memoryState } from './memory-state.js';
import { plansFor } from './plans.js';

export interface Operations {
  readonly context: OperationContext;
  readonly config: Config;
  readonly clock: HandClock;
  readonly memory: MemoryState;
  /** What the cluster shows; a test may change it. */
  readonly cluster: { view: ClusterView | undefined; used: Set<string>; staleSince: number | undefined };
  /** The one product; a test may change it. */
  readonly product: { sold: SoldProduct; check: OperationContext['checkService'] };
  readonly drift: { found: readonly Difference[] };
  /** Throws what an order lacks. */
  readonly room: { check: OperationContext['roomFor']; count: number };
  readonly notices: Notice[];
  /** Lines of the log. */
  readonly log: string[];
  /** The service as it is now; throws when there is none. */
  readonly service: (id?: string) => Promise<Service>;
}

export const PANEL: Caller = {
  name: 'panel',
  panel: 'default',
  permissions: new Set(['sites:write', 'sites:read']),
  requestId: 'req-9',
};
export const ADMIN: Caller = { ...PANEL, name: 'admin', permissions: new Set(['admin']) };

const CORE_KINDS = Object.keys(JOB_KINDS);

const WORDPRESS: SoldProduct = {
  info: { name: 'wordpress', title: 'WordPress', version: '1.0.0' },
  settings: { title: 'Shop' },
  declared: {
    parts: ['guest', 'site'],
    abilities: CORE_KINDS,
    source: { kind: 'template', template: 'golden' },
    policies: Object.fromEntries(CORE_KINDS.map((kind) => [kind, { tries: 5 }])),
    loginPath: null,
    ownerEmail: null,
    productData: null,
    serviceData: null,
    checks: [],
    actions: [],
    servers: null,
  },
};

export function operations(...services: Service[]): Operations {
  const config = testConfig();
  const clock = handClock();
  const memory = memoryState(...services);
  const { state } = memory;
  const cluster: Operations['cluster'] = {
    view: { at: clock.now(), nodes: [], guests: [], storages: [] },
    used: new Set(),
    staleSince: undefined,
  };
  const product: Operations['product'] = {
    sold: WORDPRESS,
    check: async () => ({ kind: 'valid', data: undefined }),
  };
  const drift: { found: readonly Difference[] } = { found: [] };
  const room: Operations['room'] = { check: () => {}, count: 1000 };
  const notices: Notice[] = [];
  const log: string[] = [];
  const products: OperationContext['products'] = {
    find: (name) => (name === product.sold.info.name ? product.sold : undefined),
    get(name) {
      if (name === product.sold.info.name) return product.sold;
      throw new AgentError('unknown_module', 'There is no such product.');
    },
  };
  const context: OperationContext = {
    config,
    state,
    clock,
    log: pino({ level: 'debug' }, { write: (line: string) => void log.push(line) }),
    watch: {
      latest: () => cluster.view,
      guest: (vmid) => cluster.view?.guests.find((guest) => guest.vmid === vmid),
      usedAddresses: () => cluster.used,
      staleSince: () => cluster.staleSince,
      fresh: async () => cluster.view ?? { at: 0, nodes: [], guests: [], storages: [] },
      close: () => {},
    },
    drivers: fakeDrivers(),
    products,
    plans: plansFor({ config, state, products }),
    kinds: kindData,
    records: serviceRecords({ services: memory.services, archive: memory.archive, withJob }),
    drift: { of: () => drift.found },
    zoneTurns: new KeyedLock(),
    reservationTurns: new KeyedLock(),
    planTurns: new KeyedLock(),
    serverTurns: new KeyedLock(),
    accounts: { of: () => undefined, server: () => undefined },
    dataChecks: dataChecks(),
    checkService: (...args) => product.check(...args),
    brake: newDeletionRateLimit({ config, state, clock }),
    noticed: (notice) => void notices.push(notice),
    roomFor: (...args) => room.check(...args),
    countRoom: (_request, _view, most) => Math.min(most, room.count),
  };
  const service = (id = '12'): Promise<Service> => memory.services.get(`default/${id}`);
  return { context, config, clock, memory, cluster, product, drift, room, notices, log, service };
}
