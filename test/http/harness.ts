/** An application on fakes, with one token per kind of caller. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import pino from 'pino';
import { ownerEmail } from '../../modules/product/wordpress/email-address.js';
import { type AppDeps, buildApp } from '../../src/http/server/app.js';
import type { Listener } from '../../src/model/listener.js';
import type { Config } from '../../src/config/config.js';
import { AgentError } from '../../src/kernel/errors.js';
import type { ServiceKey, Service } from '../../src/model/service.js';
import type { ClusterView, GuestView } from '../../src/drivers/guest/contract.js';
import { testConfig } from '../fakes/config.js';
import { fakeDrivers } from '../fakes/drivers.js';
import { NO_ACTIVATION } from '../fakes/module-activation.js';
import { plansFor } from '../fakes/plans.js';
import { createToken } from '../../src/tokens/create-token.js';
import { moduleRequests } from '../../src/modules/requests/module-requests.js';
import { reconciler } from '../../src/drift/reconcile.js';
import { JOB_KINDS, kindData } from '../../src/model/job-kinds.js';
import { dataChecks } from '../../src/model/data-check.js';
import type { ModuleView } from '../../src/model/module-view.js';
import { serviceRecords } from '../../src/jobs/effects/service-subject.js';
import { withJob } from '../../src/services/outcomes.js';
import { driftStore } from '../../src/drift/drift-store.js';
import type { OperationContext, SoldProduct } from '../../src/services/context.js';
import type { DriftContext } from '../../src/drift/context.js';
import type { State } from '../../src/state/contract.js';
import { newDeletionRateLimit } from '../../src/services/deletion-rate-limit.js';
import { KeyedLock } from '../../src/kernel/async/keyed-lock.js';
import { openState } from '../../src/state/open.js';
import { taskRecords } from '../../src/tasks/task-records.js';
import { toldClock } from '../fakes/told-clock.js';
import { type Changes, changed } from '../fakes/parts.js';

export const NOW = Date.parse('2026-03-01T12:00:00Z');

export interface Rig {
  readonly app: Awaited<ReturnType<typeof buildApp>>;
  readonly deps: AppDeps;
  readonly state: State;
  /** Of the state. */
  readonly dir: string;
  /** Changes of services that became durable so far. */
  readonly writes: () => number;
  readonly config: Config;
  /** Lines of the log. */
  readonly log: string[];
  readonly tokens: {
    readonly panel: string;
    readonly reader: string;
    readonly staging: string;
    readonly admin: string;
  };
  /** What the cluster shows; undefined before the first look. */
  readonly cluster: { view: ClusterView | undefined; used: Set<string>; staleSince: number | undefined };
  readonly behaviour: {
    roomFor: OperationContext['roomFor'];
    ready: boolean;
    now: number;
    clockTrusted: boolean;
  };
  call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'HEAD',
    url: string,
    body?: object,
    token?: string,
  ): Promise<{ status: number; body: Record<string, unknown>; headers: Record<string, unknown> }>;
  /** Another door to the same state. */
  beside(door: Listener): Promise<Rig['app']>;
  close(): Promise<void>;
  /** Changes a service as the job engine does. */
  change(key: ServiceKey, fn: (service: Service) => Changes): Promise<Service>;
}

export function guest(vmid: number, values: Partial<GuestView> = {}): GuestView {
  return {
    vmid,
    name: `guest-${vmid}`,
    node: 'pve1',
    type: 'lxc',
    template: false,
    status: 'running',
    memoryBytes: 512 * 1024 ** 2,
    memoryLimitBytes: 2048 * 1024 ** 2,
    diskBytes: 3.1 * 1024 ** 3,
    diskLimitBytes: 20 * 1024 ** 3,
    cpu: 0.005,
    networkInBytes: 1,
    networkOutBytes: 2,
    uptimeS: 5 * 86_400 + 17,
    tags: [],
    ...values,
  };
}

export function view(guests: readonly GuestView[] = []): ClusterView {
  return {
    at: NOW,
    nodes: [{ name: 'pve1', online: true, memoryBytes: 64e9, memoryUsedBytes: 1e9 }],
    guests,
    storages: [],
  };
}

const kinds = Object.keys(JOB_KINDS);
const WORDPRESS: SoldProduct = {
  info: { name: 'wordpress', title: 'WordPress', version: '1.0.0' },
  settings: { locale: 'en_US' },
  declared: {
    parts: ['guest', 'site'],
    abilities: kinds,
    policies: Object.fromEntries(kinds.map((kind) => [kind, { tries: 5 }])),
    source: { kind: 'template', template: 'wordpress-golden' },
    loginPath: '/in/{id}?token={token}',
    ownerEmail,
    productData: null,
    serviceData: null,
    checks: [],
    actions: [],
    servers: null,
  },
};

const PRODUCTS: OperationContext['products'] = {
  find: (name) => (name === 'wordpress' ? WORDPRESS : undefined),
  get: (name) => {
    if (name !== 'wordpress') throw new AgentError('unknown_module', 'There is no such product.');
    return WORDPRESS;
  },
};

const MODULE: ModuleView = {
  ...{ type: 'product', name: 'wordpress', title: 'WordPress', version: '1.0.0', hash: 'f'.repeat(64) },
  ...{ state: 'active', reason: null, path: '/modules/product/wordpress', services: 0 },
  ...{ parts: ['guest', 'site'], abilities: kinds, settingsSchema: { type: 'object' } },
  ...{ productDataSchema: null, serviceDataSchema: null, instanceSchema: null, servers: null },
  routes: {
    ...{ permissions: [], api: [], pages: [], sidebar: [], static: [] },
    webhooks: { get: false, post: false, rateLimit: 600 },
  },
  ...{ available: null, formerVersions: [], jobs: [] },
};

/** No time passes here, but everybody else has a turn. */
async function sleep(_ms: number, signal?: AbortSignal): Promise<void> {
  await turnOfLoop();
  signal?.throwIfAborted();
}

export async function makeRig(
  door: Listener = 'network',
  config = testConfig(),
  also: Partial<AppDeps> = {},
): Promise<Rig> {
  const log: string[] = [];
  const cluster: Rig['cluster'] = { view: view(), used: new Set(), staleSince: undefined };
  const behaviour: Rig['behaviour'] = { roomFor: () => {}, ready: true, now: NOW, clockTrusted: true };
  const dir = await mkdtemp(join(tmpdir(), 'innkeeper-http-'));
  const clock = { ...toldClock(() => behaviour.now, sleep), trusted: () => behaviour.clockTrusted };
  const state = await openState({ dir, key: randomBytes(32), clock });
  let writes = 0;
  state.services.onChange(() => (writes += 1));
  const drivers = fakeDrivers();
  const context: DriftContext = {
    config,
    state,
    clock,
    log: pino({ level: 'debug' }, { write: (line: string) => log.push(line) }),
    watch: {
      latest: () => cluster.view,
      guest: (vmid) => cluster.view?.guests.find((guest) => guest.vmid === vmid),
      usedAddresses: () => cluster.used,
      staleSince: () => cluster.staleSince,
      fresh: async () => view(),
      close: () => {},
    },
    products: PRODUCTS,
    plans: plansFor({ config, state, products: PRODUCTS }),
    drivers,
    kinds: kindData,
    records: serviceRecords({ services: state.services, archive: state.archive, withJob }),
    drift: driftStore(15_000),
    zoneTurns: new KeyedLock(),
    brake: newDeletionRateLimit({ config, state, clock }),
    reservationTurns: new KeyedLock(),
    planTurns: new KeyedLock(),
    serverTurns: new KeyedLock(),
    accounts: { of: () => undefined, server: () => undefined },
    dataChecks: dataChecks(),
    checkService: async () => ({ kind: 'valid', data: undefined }),
    roomFor: (request, seen, self) => behaviour.roomFor(request, seen, self),
    countRoom: (_wish, _seen, most) => most,
  };
  const deps: AppDeps = {
    ...context,
    reconcile: reconciler(context),
    metrics: { answered: () => {}, text: async () => '' },
    timekeeper: {
      view: () => ({ trusted: true, wall: behaviour.now, agent: behaviour.now, doubt: undefined }),
      confirm: async () => ({ trusted: true, wall: behaviour.now, agent: behaviour.now, doubt: undefined }),
    },
    alerts: { list: () => [], test: async () => [] },
    modules: () => [MODULE],
    rescanModules: async () => true,
    tasks: taskRecords(state.tasks, () => {}),
    schedules: () => [],
    moduleRequests: moduleRequests({
      inUse: { list: () => [], find: () => undefined },
      known: () => [],
      run: () => Promise.reject(new Error('there are no modules')),
      count: () => undefined,
      instances: state.instances,
    }),
    testServer: async () => ({ connected: true, message: null, problem: null, ms: 1 }),
    ...NO_ACTIVATION,
    ready: () => ({ ready: behaviour.ready, reasons: behaviour.ready ? [] : ['the cluster was never seen'] }),
    ...also,
  };
  const more: Rig['app'][] = [];
  const leave = async (): Promise<void> => {
    await state.close();
    await rm(dir, { recursive: true });
  };
  const app = await buildApp(deps, door).catch(async (error: unknown) => {
    await leave();
    throw error;
  });
  await app.ready();
  const make = async (name: string, panel: string, permissions?: string[]): Promise<string> =>
    (await createToken(deps, { name, panel, ...(permissions ? { permissions } : {}) })).text;
  const tokens = {
    panel: await make('panel', 'default'),
    reader: await make('reader', 'default', ['sites:read']),
    staging: await make('staging', 'staging'),
    admin: await make('admin', 'default', ['admin']),
  };
  return {
    app,
    deps,
    state,
    dir,
    config,
    log,
    writes: () => writes,
    tokens,
    cluster,
    behaviour,
    async call(method, url, body, token = tokens.panel) {
      const answer = await app.inject({
        method,
        url,
        headers: token === '' ? {} : { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { payload: body }),
      });
      return { status: answer.statusCode, body: asObject(answer.body), headers: answer.headers };
    },
    async beside(other) {
      const made = await buildApp(deps, other);
      await made.ready();
      more.push(made);
      return made;
    },
    async close() {
      for (const made of [app, ...more]) await made.close();
      await leave();
    },
    change: (key, fn) =>
      state.services.commit(key, (current) => {
        if (!current) throw new Error(`${key} does not exist`);
        return changed(current, fn(current));
      }),
  };
}

export const ORDER = {
  service_id: '12345',
  email: 'customer@example.com',
  plan: 'basic',
  public_ip: '203.0.113.10',
};

export function asObject(text: string): Record<string, unknown> {
  return fields(text === '' ? {} : JSON.parse(text));
}

/** The value's own fields; none when it has none. */
export function fields(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
