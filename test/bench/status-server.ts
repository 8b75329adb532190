/**
 * The HTTP application in a separate process, on a real state folder and a cluster that shows a running container for
 * every service, with new usage values every 5 s. `node status-server.js <folder> <key, base64> <services>`; prints
 * `{port, token}`.
 */
import type { AddressInfo } from 'node:net';
import pino from 'pino';
import { NO_ACTIVATION } from '../fakes/module-activation.js';
import { kindData } from '../../src/model/job-kinds.js';
import { serviceRecords } from '../../src/jobs/effects/service-subject.js';
import { withJob } from '../../src/services/outcomes.js';
import { buildApp } from '../../src/http/server/app.js';
import { systemClock } from '../../src/kernel/clock.js';
import type { ClusterView, GuestView } from '../../src/drivers/guest/contract.js';
import { fakeDrivers } from '../fakes/drivers.js';
import { driftStore } from '../../src/drift/drift-store.js';
import { createToken } from '../../src/tokens/create-token.js';
import { dataChecks } from '../../src/model/data-check.js';
import { KeyedLock } from '../../src/kernel/async/keyed-lock.js';
import { openState } from '../../src/state/open.js';
import { taskRecords } from '../../src/tasks/task-records.js';
import { testConfig } from '../fakes/config.js';
import { plansFor } from '../fakes/plans.js';
import { guest, view } from '../http/harness.js';

const POLL_MS = 5_000;
const [, , dir = '', key = '', count = '0'] = process.argv;

function look(): ClusterView {
  const guests = Array.from({ length: Number(count) }, (_, n) =>
    guest(100_000 + n, { cpu: Math.random(), memoryBytes: Math.floor(Math.random() * 2 ** 31) }),
  );
  return { ...view(guests), at: Date.now() };
}

function guestsOf({ guests }: ClusterView): ReadonlyMap<number, GuestView> {
  return new Map(guests.map((one) => [one.vmid, one]));
}

const config = testConfig();
const state = await openState({ dir, key: Buffer.from(key, 'base64'), clock: systemClock });
let latest = look();
let byVmid = guestsOf(latest);
setInterval(() => {
  latest = look();
  byVmid = guestsOf(latest);
}, POLL_MS).unref();
const deps = {
  config: {
    ...config,
    api: {
      ...config.api,
      rate_limit: {
        main_thread_ms_per_s: Number(process.env['MAIN_THREAD_MS'] ?? 0),
        reads_per_s: 1_000_000,
        actions_per_minute: 60,
      },
    },
  },
  state,
  clock: systemClock,
  // as a daemon logs by default
  log: pino({ level: 'info' }, pino.destination('/dev/null')),
  watch: {
    latest: () => latest,
    guest: (vmid: number) => byVmid.get(vmid),
    usedAddresses: () => new Set<string>(),
    staleSince: () => undefined,
    fresh: async () => latest,
    close: () => {},
  },
  products: {
    find: () => undefined,
    get: () => {
      throw new Error('nothing is ordered here');
    },
  },
  drivers: fakeDrivers(),
  metrics: { answered: () => {}, text: async () => '' },
  alerts: { list: () => [], test: async () => [] },
  roomFor: () => {},
  countRoom: () => 0,
  reservationTurns: new KeyedLock(),
  planTurns: new KeyedLock(),
  serverTurns: new KeyedLock(),
  accounts: { of: () => undefined, server: () => undefined },
  dataChecks: dataChecks(),
  checkService: async () => ({ kind: 'valid', data: undefined }) as const,
  plans: plansFor({ config, state, products: { find: () => undefined } }),
  drift: driftStore(0),
  zoneTurns: new KeyedLock(),
  brake: { passes: () => true },
  reconcile: {
    ask: async () => ({ looking: false, report: undefined }),
    repair: async () => [],
    remove: async () => [],
  },
  timekeeper: {
    view: () => ({ trusted: true, wall: Date.now(), agent: Date.now(), doubt: undefined }),
    confirm: async () => ({ trusted: true, wall: Date.now(), agent: Date.now(), doubt: undefined }),
  },
  kinds: kindData,
  records: serviceRecords({ services: state.services, archive: state.archive, withJob }),
  modules: () => [],
  rescanModules: async () => true,
  tasks: taskRecords(state.tasks, () => {}),
  schedules: () => [],
  moduleRequests: {
    api: () => Promise.reject(new Error('there are no modules')),
    static: () => Promise.reject(new Error('there are no modules')),
    webhook: () => Promise.reject(new Error('there are no modules')),
  },
  testServer: async () => ({ connected: true, message: null, problem: null, ms: 1 }),
  ...NO_ACTIVATION,
  ready: () => ({ ready: true, reasons: [] }),
};
const { text } = await createToken(deps, { name: 'bench' });
const app = await buildApp(deps, 'network');
await app.listen({ port: 0, host: '127.0.0.1' });
const { port } = app.server.address() as AddressInfo;
console.log(JSON.stringify({ port, token: text }));
process.on('SIGTERM', () => {
  void app.close().then(async () => {
    await state.close();
    process.exit(0);
  });
});
