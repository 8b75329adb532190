import t, { type Test } from 'tap';
import { pino } from 'pino';
import type { ProxmoxConfig } from '../../../src/config/config.js';
import { type Clock, systemClock } from '../../../src/kernel/clock.js';
import type { Mark } from '../../../src/kernel/mark.js';
import { plainCall } from '../../../src/drivers/shared/call.js';
import type { ContainerSpec, GuestDriver } from '../../../src/drivers/guest/contract.js';
import { proxmoxGuestDriver } from '../../../src/drivers/guest/proxmox/index.js';
import { openTransport } from '../../../src/drivers/guest/proxmox/transport.js';
import { memoryBackend } from '../../../src/sandbox/memory/containers.js';
import { DEFAULT_OS_TEMPLATE, DEFAULT_STORAGES, type PveOptions } from '../../../src/sandbox/pve/options.js';
import { type Pve, startPve } from '../../../src/sandbox/pve/start.js';
import { failsWith, guestDriverContract, notingCall } from '../../contracts/guest.js';
import { proxmoxConfig, TOKEN_SECRET } from '../../fakes/proxmox-config.js';
import { selfSigned } from '../../fakes/tls-files.js';

const TEMPLATE = 'innkeeper-wordpress';

const worlds: Pve[] = [];

/** Ten times as fast as the real one. */
const clock: Clock = {
  now: () => Date.now() * 10,
  monotonic: () => performance.now() * 10,
  trusted: () => true,
  sleep: (ms, signal, background) => systemClock.sleep(ms / 10, signal, background),
};

interface World {
  pve: Pve;
  driver: GuestDriver;
  config: ProxmoxConfig;
}

async function open(
  t: Test,
  options: Partial<PveOptions> = {},
  over: Partial<ProxmoxConfig> = {},
): Promise<World> {
  const certificate = await selfSigned();
  const backend = await memoryBackend({});
  const pve = await startPve({
    backend,
    tls: certificate,
    token: { id: 'innkeeper@pve!agent', secret: TOKEN_SECRET },
    delays: 0,
    pools: ['innkeeper'],
    ...options,
  });
  worlds.push(pve);
  const config = proxmoxConfig({
    urls: [pve.url],
    fingerprint: certificate.fingerprint,
    storage: 'local-btrfs',
    firewall: true,
    searchdomain: 'example.test',
    ...over,
  });
  const driver = proxmoxGuestDriver(config, { clock, log: pino({ level: 'silent' }) });
  t.teardown(async () => {
    await driver.close();
    await pve.close();
    await backend.close();
  });
  return { pve, driver, config };
}

/** A container of somebody else, made past the driver. */
async function addForeign({ pve, config }: World, vmid: number): Promise<void> {
  const { token_id: tokenId, token_secret: tokenSecret, fingerprint } = config;
  const trust = { caFile: null, fingerprint };
  const transport = openTransport({
    urls: config.urls,
    tokenId,
    tokenSecret,
    trust,
    requestTimeoutMs: 5_000,
  });
  const params = {
    vmid,
    ostemplate: DEFAULT_OS_TEMPLATE,
    rootfs: 'local-btrfs:4',
    description: 'the accountant',
  };
  await transport.request('POST', '/api2/json/nodes/pve1/lxc', params, new AbortController().signal);
  while (pve.containers().find((one) => one.vmid === vmid)?.config['lock'] !== undefined)
    await systemClock.sleep(10);
  await transport.close();
}

for (const version of ['9.1', '8.4'] as const) {
  guestDriverContract(t, `the Proxmox driver at a look-alike of ${version}`, async (t) => {
    const world = await open(t, { version });
    await addForeign(world, 300);
    const numbers = Array.from({ length: 8 }, (_, index) => index);
    return {
      driver: world.driver,
      template: TEMPLATE,
      osVolume: DEFAULT_OS_TEMPLATE,
      node: 'pve1',
      vmids: numbers.map((index) => 5100 + index),
      addresses: numbers.map((index) => ({
        address: `10.77.1.${10 + index}`,
        prefix: 24,
        gateway: '10.77.1.1',
      })),
      foreignVmid: 300,
    };
  });
}

const mark: Mark = { agent: 'a1', panel: 'default', service: '42', generation: 1 };
const at = { vmid: 5001, mark };
const spec: ContainerSpec = {
  ...at,
  node: 'pve2',
  hostname: 'blog.example.test',
  source: { kind: 'template', name: TEMPLATE },
  resources: { cores: 2, memoryMb: 2048, swapMb: 512, diskGb: 20 },
  addresses: [{ address: '10.77.0.21', prefix: 24, gateway: '10.77.0.1' }],
  tags: ['innkeeper'],
};
const call = () => plainCall(new AbortController().signal);

t.test('answers that get lost at any request of a life end in the same container', async (t) => {
  const { pve, driver } = await open(t);
  const life = async (): Promise<void> => {
    await driver.ensureContainer(spec, call());
    await driver.ensureStarted(at, call());
    await driver.ensureSnapshot(at, 'initial', 'as made', call());
    await driver.ensureHa(at, call());
    await driver.removeContainer(at, call());
  };
  const faults = [
    { drop: 'after' },
    { drop: 'before' },
    { status: 596, reason: 'timeout', after: true },
  ] as const;
  for (const path of [
    'clone$',
    'config$',
    'resize$',
    'start$',
    'snapshot$',
    'resources$',
    'rules$',
    'lxc/\\d+$',
    'stop$',
  ]) {
    for (const kind of faults) {
      for (const method of ['POST', 'PUT', 'DELETE'])
        pve.faults.add({ target: 'pve', method, path, kind, times: 1 });
      await life();
      pve.faults.remove();
    }
  }
  t.notOk(pve.containers().some((one) => one.vmid === at.vmid));
  t.equal(pve.tasks().filter((task) => task.exitstatus?.startsWith('unable')).length, 0);
});

t.test(
  'an answer of success that nothing came of is found out: done again once, told when it goes on',
  async (t) => {
    const { pve, driver } = await open(t);
    const lie = (method: string, path: string, times?: number): void => {
      pve.faults.add({
        target: 'pve',
        method,
        path,
        kind: { lie: true },
        ...(times === undefined ? {} : { times }),
      });
    };
    const now = () => pve.containers().find((one) => one.vmid === at.vmid);
    for (const [method, path] of [
      ['PUT', '/config$'],
      ['PUT', '/resize$'],
      ['POST', '/start$'],
      ['POST', '/snapshot$'],
      ['POST', '/ha/resources$'],
      ['POST', '/ha/rules$'],
    ] as const)
      lie(method, path, 1);
    await driver.ensureContainer(spec, call());
    t.match(now()?.config, { memory: '2048', rootfs: /size=20G/ });
    await driver.ensureStarted(at, call());
    t.match(await driver.find(at, call()), { power: 'running' });
    await driver.ensureSnapshot(at, 'initial', 'as made', call());
    t.same(Object.keys(now()?.snapshots ?? {}), ['initial']);
    await driver.ensureHa(at, call());
    t.match(await driver.find(at, call()), { ha: { managed: true } });

    const requests: readonly (readonly [string, string, () => Promise<unknown>])[] = [
      ['POST', '/snapshot$', () => driver.ensureSnapshot(at, 'BAK01012026-1', 'Backup', call())],
      ['DELETE', '/snapshot/initial$', () => driver.removeSnapshot(at, 'initial', call())],
      ['PUT', '/resize$', () => driver.ensureResources(at, { ...spec.resources, diskGb: 30 }, call())],
      ['PUT', '/config$', () => driver.ensureResources(at, { ...spec.resources, memoryMb: 1024 }, call())],
      ['DELETE', '/lxc/\\d+$', () => driver.removeContainer(at, call())],
    ];
    for (const [method, path, requested] of requests) {
      lie(method, path);
      await failsWith(t, 'container_host_failed', requested(), `${method} ${path}`);
      pve.faults.remove();
    }
    lie('DELETE', '/snapshot/initial$', 1);
    await driver.removeSnapshot(at, 'initial', call());
    t.same(Object.keys(now()?.snapshots ?? {}), []);
    for (const path of ['/ha/resources/', '/ha/rules/', '/lxc/\\d+$']) lie('DELETE', path, 1);
    lie('POST', '/status/stop$', 1);
    await driver.removeContainer(at, call());
    t.equal(now(), undefined);
  },
);

t.test('with HA on, a container goes whether HA manages it, never did, or does no longer', async (t) => {
  const { pve, driver } = await open(t);
  for (const [what, before] of [
    ['never managed', async () => {}],
    ['managed', () => driver.ensureHa(at, call())],
    [
      'managed once',
      async () => {
        await driver.ensureHa(at, call());
        await driver.removeHa(at, call());
      },
    ],
  ] as const) {
    await driver.ensureContainer(spec, call());
    await before();
    await driver.removeHa(at, call());
    await driver.removeContainer(at, call());
    t.notOk(
      pve.containers().some((one) => one.vmid === at.vmid),
      what,
    );
  }
  t.same(pve.ha(), { resources: {}, rules: {} });
  // the answer to a removal says nothing: the list does
  await driver.ensureContainer(spec, call());
  await driver.ensureHa(at, call());
  const refusal = { status: 500, reason: 'words that no release has said yet' };
  pve.faults.add({ target: 'pve', method: 'DELETE', path: '/ha/', kind: { ...refusal, after: true } });
  await driver.removeHa(at, call());
  pve.faults.remove();
  t.same(pve.ha(), { resources: {}, rules: {} }, 'refused in words, done in fact');
  await driver.ensureHa(at, call());
  pve.faults.add({ target: 'pve', method: 'DELETE', path: '/ha/', kind: refusal });
  await failsWith(t, 'container_host_failed', driver.removeHa(at, call()), 'refused, and not done');
});

t.test('a container that the cluster lists is not gone because its node denies it', async (t) => {
  const { pve, driver } = await open(t);
  await driver.ensureContainer(spec, call());
  const reason = "Configuration file 'nodes/pve1/lxc/1000.conf' does not exist";
  const denied = pve.faults.add({
    target: 'pve',
    method: 'GET',
    path: '/lxc/\\d+/config$',
    kind: { status: 500, reason },
  });
  const refused = await failsWith(t, 'container_host_failed', driver.removeContainer(at, call()), 'denied');
  t.match(refused.detail, /the cluster lists container \d+ on pve2, which says: .*does not exist/);
  pve.faults.remove(denied);
  t.ok(await driver.find(at, call()), 'it stands');
  // as while it moves
  pve.faults.add({
    target: 'pve',
    method: 'GET',
    path: '/lxc/\\d+/config$',
    kind: { status: 500, reason },
    times: 2,
  });
  await driver.removeContainer(at, call());
  t.equal(await driver.find(at, call()), undefined);
});

t.test('a node that is off, a held lock, a wrong token: said with the right code', async (t) => {
  const { pve, driver, config } = await open(t, {
    nodes: ['pve1', { node: 'pve2', online: false }, 'pve3'],
  });
  await failsWith(
    t,
    'container_host_unreachable',
    driver.ensureContainer(spec, call()),
    'a node that is off',
  );
  pve.faults.add({
    target: 'pve',
    path: 'status/start',
    kind: { taskError: 'CT is locked (backup)' },
    times: 1,
  });
  await driver.ensureContainer({ ...spec, node: 'pve1' }, call());
  const busy = await failsWith(t, 'container_host_busy', driver.ensureStarted(at, call()), 'locked');
  t.equal(busy.retryable, true);
  pve.lock(at.vmid, 'backup');
  await failsWith(t, 'container_host_busy', driver.removeContainer(at, call()), 'a backup is under way');
  pve.lock(at.vmid, undefined);
  const tokenId = 'innkeeper@pve!other';
  const stranger = proxmoxGuestDriver(
    { ...config, token_id: tokenId },
    { clock, log: pino({ level: 'silent' }) },
  );
  t.teardown(() => stranger.close());
  await failsWith(t, 'container_host_refused', stranger.look(call()), 'a wrong token');
  await driver.removeContainer(at, call());
});

t.test('a storage without snapshots or linked clones', async (t) => {
  const storages = [
    ...DEFAULT_STORAGES.slice(0, 1),
    { storage: 'local-btrfs', type: 'dir' as const, content: ['rootdir', 'images'] },
  ];
  const { driver } = await open(t, { storages });
  await driver.ensureContainer(spec, call());
  await failsWith(
    t,
    'snapshots_unavailable',
    driver.ensureSnapshot(at, 'initial', '', call()),
    'a plain folder',
  );
  t.same(await driver.listSnapshots(at, call()), []);
});

t.test('a template on shared storage serves every node', async (t) => {
  const storages = [
    ...DEFAULT_STORAGES.slice(0, 1),
    { storage: 'ceph', type: 'rbd' as const, content: ['rootdir', 'images'] },
  ];
  const templates = [{ vmid: 9001, node: 'pve1', name: TEMPLATE, storage: 'ceph', diskGb: 4 }];
  const { driver } = await open(t, { storages, templates }, { storage: 'ceph' });
  t.same(await driver.ensureContainer({ ...spec, node: 'pve3' }, call()), { node: 'pve3' });
});

t.test('creations side by side on one template: the lock is busy, never a failure', async (t) => {
  const { driver } = await open(t, { delays: 0.05, lockWaitMs: 200 });
  const specs = [0, 1, 2].map((index) => ({
    ...spec,
    vmid: 5200 + index,
    mark: { ...mark, service: `s${index}` },
    addresses: [{ address: `10.77.2.${index + 10}`, prefix: 24, gateway: '10.77.2.1' }],
  }));
  const patient = async (one: ContainerSpec): Promise<string> => {
    for (;;) {
      try {
        return (await driver.ensureContainer(one, notingCall())).node;
      } catch (error) {
        t.match(error, { code: 'container_host_busy', retryable: true });
        await systemClock.sleep(20);
      }
    }
  };
  t.same(await Promise.all(specs.map(patient)), ['pve2', 'pve2', 'pve2']);
});

t.test('every request kept to the published schema', async (t) => {
  if (process.env['PVE_SCHEMA_DIR'] === undefined) return;
  t.ok(worlds.length > 5);
  for (const pve of worlds) t.same(pve.violations, []);
});

t.test('a container that was lost does not run, and what HA still has of it goes', async (t) => {
  const { pve, driver } = await open(t);
  await driver.ensureContainer(spec, call());
  await driver.ensureHa(at, call());
  await pve.lose(at.vmid);
  t.match(pve.ha(), { resources: { 'ct:5001': {} }, rules: { 'innkeeper-ct-5001': {} } }, 'it stays in HA');
  await driver.ensureStopped(at, 30, call());
  const other = { vmid: at.vmid, mark: { ...at.mark, service: '43' } };
  await driver.removeHa(other, call());
  t.match(pve.ha(), { resources: { 'ct:5001': {} } }, "another service's stays");
  await driver.removeHa(at, call());
  t.same(pve.ha(), { resources: {}, rules: {} });
  await driver.removeContainer(at, call());

  await driver.ensureContainer({ ...spec, ...other }, call());
  await driver.ensureStarted(other, call());
  await driver.ensureHa(other, call());
  await failsWith(
    t,
    'foreign_object',
    driver.ensureStopped(at, 30, call()),
    "somebody else's is not stopped",
  );
  await driver.removeHa(at, call());
  t.match(await driver.find(other, call()), { power: 'running' }, 'who has the number now is left alone');
  t.match(pve.ha(), { resources: { 'ct:5001': {} } });
});
