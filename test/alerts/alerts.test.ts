import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { alertStore } from '../../src/alerts/alert-store.js';
import type { ConditionSources, Noticed, SystemView } from '../../src/alerts/condition.js';
import { conditions } from '../../src/alerts/conditions.js';
import { delivery } from '../../src/alerts/deliver.js';
import { alertMonitor } from '../../src/alerts/alert-monitor.js';
import {
  ALERT_KINDS,
  ALERTS,
  type AlertKind,
  type AlertRecord,
  type AlertSpec,
} from '../../src/model/alert.js';
import { AgentError, type ErrorCode, toRecord } from '../../src/kernel/errors.js';
import { domainId } from '../../src/model/custom-domain.js';
import { FOR_RELEASE } from '../../src/model/job.js';
import type { Server } from '../../src/model/server.js';
import type { ModuleView } from '../../src/model/module-view.js';
import type { OwnCertificate } from '../../src/model/own-certificate.js';
import type { PoolUse } from '../../src/model/pool-use.js';
import { usesOfAddresses } from '../../src/model/pool-use.js';
import { Secret } from '../../src/kernel/secret.js';
import { commandHook } from '../../src/drivers/hook/command/index.js';
import type { Hook, HookMessage } from '../../src/drivers/hook/contract.js';
import { webhook } from '../../src/drivers/hook/webhook/index.js';
import type { DocumentStore, State } from '../../src/state/contract.js';
import { openState } from '../../src/state/open.js';
import { handClock } from '../fakes/clock.js';
import { sampleJob, sampleService } from '../state/samples.js';

const DAY = 86_400_000;
const KEY = Buffer.alloc(32, 3);
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const signal = new AbortController().signal;

async function folder(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'innkeeper-alerts-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const spec = (subject: string, also: Partial<AlertSpec> = {}): AlertSpec => ({
  ...{ kind: 'pool_low', subject, panel: null, serviceId: null, text: `${subject} is low.`, data: {} },
  commands: ['innkeeper doctor'],
  ...also,
});

/** A hook that remembers, and refuses as long as it is told to. */
function ear(name = 'ear'): Hook & { readonly heard: HookMessage[]; refuse: boolean } {
  const self = {
    name,
    heard: [] as HookMessage[],
    refuse: false,
    async notify(message: HookMessage) {
      if (self.refuse) throw new Error('not now');
      self.heard.push(message);
    },
  };
  return self;
}

const told = ({ heard }: { heard: readonly HookMessage[] }): string[] =>
  heard.map(({ body: { event, subject } }) =>
    [event, subject].map((word) => (typeof word === 'string' ? word : '?')).join(' '),
  );

t.test(
  'an alert is raised once, over restarts, cleared when its condition ends, and may come again',
  async (t) => {
    const dir = await folder(t);
    const clock = handClock();
    let state = await openState({ dir, key: KEY, clock });
    const changes: string[] = [];
    const storeOf = () =>
      alertStore({
        alerts: state.alerts,
        clock,
        changed: ({ subject, clearedAt }) =>
          void changes.push(`${subject} ${clearedAt === null ? 'raised' : 'cleared'}`),
      });
    let store = storeOf();
    await store.settle('pool_low', [spec('a'), spec('b')]);
    await store.settle('pool_low', [spec('a'), spec('b')]);
    t.same(changes, ['a raised', 'b raised']);
    await state.close();
    state = await openState({ dir, key: KEY, clock });
    t.teardown(() => state.close());
    store = storeOf();
    await store.settle('pool_low', [spec('b')]);
    await store.settle('pool_low', [spec('b', { text: 'b is lower still.' })]);
    t.equal(store.active('pool_low')[0]?.text, 'b is lower still.', 'who looks reads what is so now');
    await store.settle('drift', []);
    t.same(changes.slice(2), ['a cleared']);
    await clock.turn(60_000);
    await store.settle('pool_low', [spec('a'), spec('b')]);
    t.same(changes.slice(3), ['a raised']);
    t.equal(store.all().length, 3, 'what has ended stays to be looked at');
    await clock.turn(8 * DAY);
    await store.tidy([]);
    t.same(
      store.all().map(({ subject }) => subject),
      ['b', 'a'],
    );
    t.equal(state.alerts.list().length, 2);
  },
);

t.test(
  'a hook hears of each alert in order and at least once, also after a crash, and a deaf one keeps nothing from the others',
  async (t) => {
    const dir = await folder(t);
    const clock = handClock();
    let state = await openState({ dir, key: KEY, clock });
    const [good, deaf] = [ear('good'), ear('deaf')];
    deaf.refuse = true;
    const open = () => {
      const store = alertStore({ alerts: state.alerts, clock, changed: () => {} });
      const of = (hook: Hook) =>
        delivery(hook, { agent: 'test', store, clock, log: silent, random: () => 1 });
      return { store, good: of(good), deaf: of(deaf) };
    };
    let house = open();
    await house.store.settle('pool_low', [spec('a'), spec('b')]);
    t.equal(await house.good.round(signal), undefined);
    t.equal(await house.deaf.round(signal), clock.monotonic() + 5_000);
    t.same(told(good), ['raised a', 'raised b']);
    await house.store.settle('pool_low', [spec('b')]);
    await house.good.round(signal);
    await house.good.round(signal);
    t.same(told(good).slice(2), ['cleared a']);
    t.match(good.heard[2]?.body, { agent: 'test', alert: 'pool_low', severity: 'warning', cleared_at: /Z$/ });
    t.not(good.heard[0]?.id, good.heard[2]?.id);

    t.equal(await house.deaf.round(signal), clock.monotonic() + 5_000, 'not before its time');
    await clock.turn(5_000);
    t.equal(await house.deaf.round(signal), clock.monotonic() + 10_000, 'longer each time');

    await state.close();
    state = await openState({ dir, key: KEY, clock });
    t.teardown(() => state.close());
    house = open();
    deaf.refuse = false;
    await house.good.round(signal);
    await house.deaf.round(signal);
    t.equal(good.heard.length, 3, 'what was confirmed is not told again');
    t.same(told(deaf).sort(), ['cleared a', 'raised a', 'raised b']);
    t.ok(
      told(deaf).indexOf('raised a') < told(deaf).indexOf('cleared a'),
      'what has ended meanwhile is told whole',
    );
  },
);

t.test('when the disk fails alerts are told all the same, and recorded when it works again', async (t) => {
  const clock = handClock();
  const records = new Map<string, AlertRecord>();
  let full = true;
  const alerts: DocumentStore<AlertRecord> = {
    revision: 0,
    list: () => [...records.values()],
    find: (id) => records.get(id),
    async commit(id, fn) {
      if (full) throw new Error('ENOSPC');
      const next = fn(records.get(id));
      records.set(id, next);
      return next;
    },
    async remove(id) {
      records.delete(id);
    },
  };
  const store = alertStore({ alerts, clock, changed: () => {} });
  const hook = ear();
  const deliver = delivery(hook, { agent: 'test', store, clock, log: silent });
  await store.settle('state_write_failing', [spec('state', { kind: 'state_write_failing' })]);
  await deliver.round(signal);
  await deliver.round(signal);
  t.same(told(hook), ['raised state']);
  full = false;
  await store.tidy(['ear']);
  t.match([...records.values()], [{ kind: 'state_write_failing', told: { ear: 'raised' } }]);
});

t.test('every kind of alert comes with its condition and goes with it', async (t) => {
  const dir = await folder(t);
  const clock = handClock();
  const state: State = await openState({ dir, key: KEY, clock });
  t.teardown(() => state.close());
  const world = {
    pools: [] as PoolUse[],
    own: [] as OwnCertificate[],
    circuits: [] as SystemView[],
    drift: [] as { kind: string; services: number }[],
    locks: [] as ReturnType<ConditionSources['leftLocks']>,
    failing: undefined as { since: string; code: string } | undefined,
    notices: {
      unknown_plan: new Map<string, Noticed>(),
      upgrade_without_change: new Map<string, Noticed>(),
      order_corrected: new Map<string, Noticed>(),
    },
    strangers: [] as string[],
    modules: [] as ModuleView[],
    damaged: [] as State['damaged'],
    servers: [] as ReturnType<ConditionSources['servers']>,
  };
  let descriptors: ReturnType<ConditionSources['descriptors']> = {
    open: 50,
    limit: 1000,
    refusedAt: undefined,
  };
  const sources: ConditionSources = {
    failedTasks: () => [],
    servers: () => world.servers,
    config: {
      agent: { id: 'test', base_domain: 'sites.test', time_zone: 'UTC', state_dir: dir },
      alerts: { certificate_days: 14, pool_percent: 90, hooks: [] },
      deletion: { hold_s: 0, brake: 20 },
      container_host: { proxmox: { token_id: 'innkeeper@pve!agent' } },
    },
    state: {
      services: state.services,
      domains: state.domains,
      get damaged() {
        return world.damaged;
      },
    },
    clock,
    pools: () => world.pools,
    ownCertificates: () => world.own,
    circuits: () => world.circuits,
    drift: () => world.drift,
    leftLocks: () => world.locks,
    clockDoubt: () => undefined,
    failingWrites: () => world.failing,
    descriptors: () => descriptors,
    strangers: () => world.strangers,
    modules: () => world.modules,
    notices: (kind) => world.notices[kind],
  };
  const all = conditions(sources);
  t.same([...all.keys()].sort(), [...ALERT_KINDS].sort());
  t.same([...ALERT_KINDS].sort(), Object.keys(ALERTS).sort());
  const active = new Map<AlertKind, AlertRecord[]>();
  const look = async (kind: AlertKind): Promise<AlertSpec[]> => {
    const specs = (await all.get(kind)?.(active.get(kind) ?? [])) ?? [];
    for (const { text, commands } of specs) {
      t.match(text, /\.$|Why: /, `${kind} is told in sentences`);
      t.ok(commands.every((command) => /^(# |innkeeper |systemctl |df |mv |pct )/.test(command)));
    }
    const record = {
      schema: 1 as const,
      id: 'x',
      raisedAt: new Date(clock.now()).toISOString(),
      clearedAt: null,
      told: {},
    };
    active.set(
      kind,
      specs.map((one) => ({ ...record, ...one })),
    );
    return specs;
  };
  for (const kind of ALERT_KINDS) t.same(await look(kind), [], `${kind} is quiet`);

  const held = { for: FOR_RELEASE, since: 'x', until: 'y' };
  const refused = {
    code: 'container_host_failed',
    message: 'No.',
    detail: 'CT is locked',
    retryable: false,
  } as const;
  await state.services.commit('default/1', () =>
    sampleService('1', {
      jobs: [
        sampleJob({
          method: 'delete',
          status: 'stuck',
          endedAt: 'x',
          error: { ...refused, step: 'destroy' },
        }),
      ],
    }),
  );
  await state.services.commit('default/2', () =>
    sampleService('2', { jobs: [sampleJob({ method: 'delete', status: 'waiting', waiting: held })] }),
  );
  t.match(await look('job_stuck'), [
    {
      ...{ panel: 'default', serviceId: '1', data: { method: 'delete' } },
      text: /^The operation delete on service 1 is stuck.* At the step "destroy": No: CT is locked\.$/,
      commands: [/^innkeeper job show /, 'innkeeper service retry 1'],
    },
  ]);
  const failedJob = sampleJob({ status: 'failed', endedAt: 'x', error: { ...refused, step: 'container' } });
  await state.services.commit('shop/3', () =>
    sampleService('3', { panel: 'shop', lifecycle: 'failed', vmid: null, addresses: [], jobs: [failedJob] }),
  );
  t.match(await look('order_failed'), [
    {
      ...{ panel: 'shop', serviceId: '3', data: { method: 'create', step: 'container' } },
      text:
        'The order for site 3 (basic) failed and was rolled back. At the step "container": No: CT is ' +
        'locked.',
      commands: [`innkeeper job show ${failedJob.id} --panel shop`, 'innkeeper service retry 3 --panel shop'],
    },
  ]);
  await state.services.commit('shop/3', (one) => ({ ...sampleService('3'), ...one, jobs: [sampleJob()] }));
  t.same(await look('order_failed'), []);
  const lacks = (code: ErrorCode, detail: string) => {
    const error = { ...toRecord(new AgentError(code, 'No.', { detail })), step: 'allocate' };
    const waiting = { for: 'container host', reason: 'busy', since: 'x', until: 'y' } as const;
    return [sampleJob({ status: 'waiting', waiting, error })];
  };
  const missing = lacks('template_missing', 'no template is called "wp"');
  for (const id of ['4', '5'])
    await state.services.commit(`shop/${id}`, () => sampleService(id, { panel: 'shop', jobs: missing }));
  await state.services.commit('default/6', () =>
    sampleService('6', { jobs: lacks('host_incomplete', "bridge 'vmbr9' does not exist") }),
  );
  t.match(await look('order_waiting'), [
    {
      subject: 'host_incomplete',
      text: /^1 order waits for something that the container host does not have: bridge 'vmbr9' does not exist\. /,
      commands: ['innkeeper doctor'],
    },
    {
      subject: 'template_missing',
      text: /^2 orders wait for a template: no template is called "wp"\. The orders continue automatically /,
      commands: ['innkeeper doctor', 'innkeeper template build wordpress'],
      data: { orders: 2 },
    },
  ]);
  for (const key of ['shop/4', 'shop/5', 'default/6'] as const)
    await state.services.commit(key, (one) => ({ ...sampleService('6'), ...one, jobs: [] }));
  t.same(await look('order_waiting'), []);
  t.match(await look('deletion_brake'), [{ subject: 'default', data: { held: 1, brake: 20 } }]);
  await state.services.commit('default/1', (one) => ({ ...sampleService('1'), ...one, jobs: [] }));
  await state.services.commit('default/2', (one) => ({ ...sampleService('2'), ...one, jobs: [] }));
  t.same(await look('job_stuck'), []);
  t.same(await look('deletion_brake'), []);

  descriptors = { open: 899, limit: 1000, refusedAt: undefined };
  t.same(await look('descriptors_exhausted'), []);
  descriptors = { open: 900, limit: 1000, refusedAt: undefined };
  t.match(await look('descriptors_exhausted'), [{ text: /^900 of 1000 file descriptors are in use\. / }]);
  descriptors = { open: 810, limit: 1000, refusedAt: undefined };
  t.match(await look('descriptors_exhausted'), [{ subject: 'agent' }], 'it does not flutter');
  descriptors = { open: undefined, limit: 1000, refusedAt: undefined };
  t.match(await look('descriptors_exhausted'), [{ text: /^None of 1000 file descriptors is free\. / }]);
  descriptors = { open: 50, limit: 1000, refusedAt: clock.now() - 299_999 };
  t.match(await look('descriptors_exhausted'), [{ subject: 'agent' }], 'one was refused a moment ago');
  descriptors = { open: 50, limit: 1000, refusedAt: clock.now() - 300_000 };
  t.same(await look('descriptors_exhausted'), []);

  world.pools = [{ pool: 'main', used: 89, total: 100 }];
  t.same(await look('pool_low'), []);
  world.pools = [{ pool: 'main', used: 90, total: 100 }];
  t.match(await look('pool_low'), [{ subject: 'main' }]);
  world.pools = [{ pool: 'main', used: 86, total: 100 }];
  t.match(await look('pool_low'), [{ subject: 'main' }], 'it does not flutter');
  world.pools = [{ pool: 'main', used: 84, total: 100 }];
  t.same(await look('pool_low'), []);

  const dns = (state: string, refusal: string | null = null): SystemView[] => [
    { name: 'dns', role: 'DNS', state, since: new Date(clock.now()).toISOString(), refusal },
  ];
  world.circuits = dns('open');
  t.same(await look('system_down'), []);
  await clock.turn(200_000);
  world.circuits = dns('half_open');
  t.same(await look('system_down'), []);
  await clock.turn(100_000);
  t.match(await look('system_down'), [{ subject: 'dns' }], 'probes do not begin the time anew');
  world.circuits = dns('closed');
  t.same(await look('system_down'), []);
  world.circuits = dns('open', '401: Unauthorized');
  t.match(
    await look('system_refused'),
    [{ subject: 'dns', text: /^The DNS \(dns\) refuses the agent: 401: Unauthorized\. / }],
    'told at once',
  );
  t.same(await look('system_down'), [], 'and not told twice');
  world.circuits = dns('closed');
  t.same(await look('system_refused'), []);
  const denied = (n: number, privilege: string) =>
    sampleJob({
      id: `job-${n}`,
      status: 'waiting',
      waiting: { for: 'container host', reason: 'refused_us', since: 'x', until: 'y' },
      error: {
        ...toRecord(
          new AgentError('container_host_refused', 'x', {
            role: 'container host',
            system: 'container-host',
            detail: `POST /nodes/pve1/lxc/${n}/snapshot: Permission check failed (/vms/${n}, ${privilege})`,
          }),
        ),
        step: 'snapshot',
      },
    });
  for (const n of [1, 2])
    await state.services.commit(`default/${n}`, () =>
      sampleService(String(n), { jobs: [denied(n, 'VM.Snapshot')] }),
    );
  const [one, ...more] = await look('system_refused');
  t.match(one, { subject: 'container-host', data: { jobs: 2 } });
  t.match(one?.text, /\(\/vms\/1, VM\.Snapshot\).*\(\/vms\/2, VM\.Snapshot\)/, 'privilege and path');
  t.match(one?.commands, ['innkeeper doctor', /pveum user token list innkeeper@pve$/]);
  t.same(more, [], 'one alert for all who wait');
  for (const n of [1, 2])
    await state.services.commit(`default/${n}`, (one) => ({ ...sampleService(String(n)), ...one, jobs: [] }));
  t.same(await look('system_refused'), []);

  world.failing = { since: 'x', code: 'ENOSPC' };
  t.match(await look('state_write_failing'), [{ text: /ENOSPC/ }]);
  world.drift = [
    { kind: 'dns', services: 0 },
    { kind: 'container', services: 2 },
  ];
  t.match(await look('drift'), [{ subject: 'container' }]);
  const commands = ['pct unlock 1000', 'pct delsnapshot 1000 BAK01012026-1 --force'];
  const leftLock = { vmid: 1000, node: 'pve1', lock: 'snapshot-delete', commands };
  world.locks = [{ key: 'default/12', leftLock }];
  t.match(await look('lock_left'), [
    { subject: '1000', panel: 'default', serviceId: '12', commands: ['# on pve1:', ...commands] },
  ]);
  world.drift = [{ kind: 'lock', services: 1 }];
  t.same(await look('drift'), [], 'a lock has an alert of its own');
  world.damaged = [{ file: 'damaged/tok_1.json.2026-01-01T00-00-00.000Z', problem: 'x' }];
  t.match(await look('document_damaged'), [
    { text: /set aside: damaged\/tok_1\.json/, commands: [/verify/, /stop/, /^mv .*damaged\.seen/] },
  ]);
  world.damaged = [];
  t.same(await look('document_damaged'), []);
  const server: Server = {
    ...{ id: 'srv_1', module: { type: 'product', name: 'panel' }, name: 'web1', group: 'default' },
    ...{ host: 'web1.test', port: 443, tls: {}, maxAccounts: null, active: true, data: {}, credentials: {} },
    ...{ createdAt: '', updatedAt: '' },
  };
  const health = { reachable: false, failures: 1, since: 0, checkedAt: 0, problem: 'no response' };
  world.servers = [{ server, health }];
  t.same(await look('server_unreachable'), [], 'one failed check may be an accident');
  world.servers = [{ server, health: { ...health, failures: 2 } }];
  t.match(await look('server_unreachable'), [
    {
      subject: 'srv_1',
      text: /web1 .*no response/,
      commands: [/^innkeeper module server test product.panel srv_1/],
    },
  ]);
  world.servers = [{ server, health: { ...health, failures: 0, reachable: true } }];
  t.same(await look('server_unreachable'), []);
  const module: ModuleView = {
    ...{ type: 'product', name: 'shop', title: null, version: null, hash: null, settingsSchema: null },
    ...{
      productDataSchema: null,
      serviceDataSchema: null,
      instanceSchema: null,
      routes: null,
      servers: null,
    },
    ...{ parts: [], abilities: [], services: 2, state: 'error', path: '/m/product/shop', reason: 'no luck.' },
    ...{ available: null, formerVersions: [], jobs: [] },
  };
  world.modules = [module, { ...module, name: 'fine', state: 'active' }];
  t.match(await look('module_unusable'), [
    {
      subject: '/m/product/shop',
      text: 'The module product/shop in /m/product/shop cannot be used: no luck. 2 services need it.',
      commands: ['innkeeper module show product/shop', 'innkeeper doctor'],
    },
  ]);
  world.modules = [{ ...module, state: 'missing', path: null, reason: 'it is not installed' }];
  t.match(await look('module_unusable'), [
    { subject: 'product/shop', text: /^The module product\/shop is missing: it is not installed\./ },
  ]);
  world.modules = [];
  t.same(await look('module_unusable'), []);
  world.strangers = ['container 1012 on pve2 (default/12)'];
  t.match(await look('state_behind'), [
    { text: /1012 on pve2.*Do not remove/, commands: [/doctor/, /stop/, /^mv /, /import/] },
  ]);
  world.strangers = [];
  t.same(await look('state_behind'), []);
  world.notices.unknown_plan.set('default', { plan: 'gold', at: clock.now() });
  t.match(await look('unknown_plan'), [{ panel: 'default', data: { plan: 'gold' } }]);
  await clock.turn(DAY);
  t.same(await look('unknown_plan'), []);
  world.notices.order_corrected.set('shop', { plan: 'gold', service: '7', at: clock.now() });
  t.match(await look('order_corrected'), [
    { serviceId: '7', text: /service 7 \(plan gold\) with wrong properties/, commands: [/service show .*7/] },
  ]);
  world.notices.order_corrected.clear();
  const same = { plan: 'Monthly', service: '12', at: clock.now() };
  world.notices.upgrade_without_change.set('shop', same);
  const told = {
    panel: 'shop',
    serviceId: '12',
    text: /service 12 to "Monthly", which the service already has/,
  };
  t.match(await look('upgrade_without_change'), [told]);
  world.notices.upgrade_without_change.clear();
  t.match(await look('upgrade_without_change'), [told], 'after a restart, too');
  await clock.turn(DAY);
  t.same(await look('upgrade_without_change'), []);
  const smaller = (diskGb: number) =>
    state.services.commit('default/7', () =>
      sampleService('7', { diskGb, smallerPlanAt: new Date(clock.now()).toISOString() }),
    );
  await smaller(80);
  t.match(await look('smaller_plan'), [
    { serviceId: '7', text: /The disk stays at 80 GB: the plan basic has 20 GB/, data: { plan: 'basic' } },
  ]);
  await smaller(20);
  t.same(await look('smaller_plan'), [], 'it fits');
  await smaller(80);
  t.equal((await look('smaller_plan')).length, 1);
  await clock.turn(7 * DAY);
  t.same(await look('smaller_plan'), [], 'it is known by now');

  const days = (n: number): string => new Date(clock.now() + n * DAY).toISOString();
  world.own = [
    { of: 'base_domain', expires_at: days(15) },
    { of: 'api', expires_at: days(16) },
  ];
  t.same(await look('certificate_expiry'), []);
  world.own = [
    { of: 'base_domain', expires_at: days(13) },
    { of: 'api', expires_at: days(16) },
  ];
  t.match(await look('certificate_expiry'), [{ subject: 'the base domain' }]);
  world.own = [{ of: 'api', expires_at: days(13) }];
  t.match(await look('certificate_expiry'), [{ subject: 'the API', text: /certificate of the API/ }]);
  world.own = [];
  const holding = (issuedAt: string, expiresAt: string) =>
    state.domains.commit(domainId('example.com'), () => ({
      ...{
        schema: 1 as const,
        id: domainId('example.com'),
        domain: 'example.com',
        registered: 'example.com',
      },
      owner: { panel: 'default', userId: null, email: 'a@example.org' },
      service: 'default/1' as const,
      ...{ quarantineUntil: null, issued: [], refusals: [], failures: 0, nextAt: null, problem: null },
      certificate: { names: ['example.com'], chain: 'x', key: new Secret('x'), issuedAt, expiresAt },
    }));
  await holding(days(-4), days(2));
  t.same(await look('certificate_expiry'), [], 'one for six days is renewed when two are left');
  await holding(days(-5), days(1));
  t.match(await look('certificate_expiry'), [{ subject: 'example.com', panel: 'default', serviceId: '1' }]);
});

t.test('a pool counts only what it could give out', async (t) => {
  const pools = [
    { name: 'four', first: '10.0.0.0', last: '10.0.0.7', prefix: 29, gateway: '10.0.0.1' },
    { name: 'six', first: 'fd00::', last: 'fd00::f', prefix: 64, gateway: 'fd00::1' },
  ];
  const used = new Set(['10.0.0.2', '10.0.0.1', '10.0.0.7', '10.9.9.9', 'fd00::2', 'fd00:0::2', 'nonsense']);
  t.same(usesOfAddresses(pools, used), [
    { pool: 'four', used: 1, total: 5 },
    { pool: 'six', used: 1, total: 14 },
  ]);
});

t.test('a webhook is signed, follows no redirect, and its URL stands in no error', async (t) => {
  const requests: { headers: IncomingMessage['headers']; body: string }[] = [];
  let status = 204;
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      requests.push({ headers: request.headers, body });
      response.writeHead(status, { location: '/elsewhere' }).end('the URL is /secret-path');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const clock = handClock();
  const to = (where: string): Hook =>
    webhook({ name: 'w', url: new Secret(where), secret: new Secret('shared'), ca_file: null }, clock);
  const hook = to(`http://127.0.0.1:${port}/secret-path`);
  const message: HookMessage = { id: 'a1-raised', body: { alert: 'drift', text: 'ä' } };
  await hook.notify(message, signal);
  const [, time = '', mac = ''] =
    /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(requests[0]?.headers['innkeeper-signature'])) ?? [];
  t.equal(Number(time), Math.floor(clock.now() / 1000));
  t.equal(
    mac,
    createHmac('sha256', 'shared')
      .update(`${time}.${requests[0]?.body ?? ''}`)
      .digest('hex'),
  );
  t.match(requests[0]?.headers, { 'innkeeper-delivery': 'a1-raised', 'content-type': 'application/json' });
  for (const refused of [302, 400, 500]) {
    status = refused;
    await t.rejects(hook.notify(message, signal), {
      message: `the webhook could not be notified: it responded with ${refused}`,
    });
  }
  t.equal(requests.length, 4);
  server.close();
  for (const dead of [`http://127.0.0.1:${port}/secret-path`, 'https://secret-path.invalid/x']) {
    const error: unknown = await to(dead)
      .notify(message, signal)
      .catch((thrown: unknown) => thrown);
    t.notMatch(error instanceof Error ? `${error.stack ?? ''} ${String(error.cause)}` : error, /secret-path/);
  }
});

t.test('a command gets the alert on its standard input, and only its exit code 0 counts', async (t) => {
  const dir = await folder(t);
  const file = join(dir, 'told');
  const message: HookMessage = { id: 'x', body: { alert: 'drift' } };
  await commandHook('c', ['tee', file]).notify(message, signal);
  t.same(JSON.parse(await readFile(file, 'utf8')), { alert: 'drift' });
  await t.rejects(commandHook('c', ['false']).notify(message, signal), { message: /exit code 1/ });
  await t.rejects(commandHook('c', ['/nowhere/at-all']).notify(message, signal), { code: 'ENOENT' });
});

t.test('the keeper looks when something has changed, and once more when the agent stops', async (t) => {
  const dir = await folder(t);
  const clock = handClock();
  const state = await openState({ dir, key: KEY, clock });
  t.teardown(() => state.close());
  let low: AlertSpec[] = [];
  let looks = 0;
  const hook = ear();
  const keeper = alertMonitor({
    agent: 'test',
    alerts: state.alerts,
    conditions: new Map([
      [
        'pool_low',
        () => {
          looks += 1;
          return low;
        },
      ],
    ]),
    hooks: [hook],
    clock,
    log: silent,
  });
  const until = async (right: () => boolean): Promise<void> => {
    for (let n = 0; n < 10_000 && !right(); n += 1) await turnOfLoop();
    t.ok(right());
  };
  keeper.start();
  await until(() => looks === 1 && clock.sleepers === 1);
  low = [spec('a')];
  keeper.nudge();
  await clock.turn(500);
  await until(() => hook.heard.length === 1);
  low = [];
  await keeper.stop();
  t.same(told(hook), ['raised a', 'cleared a']);
  t.same(
    keeper.list().map(({ clearedAt }) => clearedAt !== null),
    [true],
  );
});

t.test('a test alert goes to every hook, and the result of each is named', async (t) => {
  const state = await openState({ dir: await folder(t), key: KEY, clock: handClock() });
  t.teardown(() => state.close());
  const [works, fails] = [ear('pager'), ear('mail')];
  fails.refuse = true;
  const monitor = alertMonitor({
    ...{ agent: 'a1', alerts: state.alerts, conditions: new Map(), hooks: [works, fails] },
    ...{ clock: handClock(), log: silent },
  });
  t.same(await monitor.test(), [
    { hook: 'pager', problem: null },
    { hook: 'mail', problem: 'not now' },
  ]);
  t.match(works.heard, [
    { id: /-test$/, body: { event: 'test', alert: 'test', agent: 'a1', text: /test alert of the agent a1/ } },
  ]);
  t.same([works.heard.length, monitor.list()], [1, []], 'it is no alert, and is not repeated');
});
