import { pino } from 'pino';
import t, { type Test } from 'tap';
import { type Clock, systemClock } from '../../../src/kernel/clock.js';
import type { Mark } from '../../../src/kernel/mark.js';
import { plainCall } from '../../../src/drivers/shared/call.js';
import type { ContainerSpec, GuestDriver } from '../../../src/drivers/guest/contract.js';
import { proxmoxGuestDriver } from '../../../src/drivers/guest/proxmox/index.js';
import { documentedGrants } from '../../../src/sandbox/documented-grants.js';
import { memoryBackend } from '../../../src/sandbox/memory/containers.js';
import { type Acl, fullGrants } from '../../../src/sandbox/pve/grants.js';
import { DEFAULT_OS_TEMPLATE, type PveOptions } from '../../../src/sandbox/pve/options.js';
import { type Pve, startPve } from '../../../src/sandbox/pve/start.js';
import { failsWith, guestDriverContract, notingCall } from '../../contracts/guest.js';
import { proxmoxConfig, TOKEN_SECRET } from '../../fakes/proxmox-config.js';
import { selfSigned } from '../../fakes/tls-files.js';
import { asker } from '../../sandbox/pve/fixture.js';

const TEMPLATE = 'innkeeper-wordpress';
const OVER = { storage: 'local-btrfs', firewall: true, searchdomain: 'example.test' };
const DOCUMENTED = documentedGrants(proxmoxConfig(OVER));
/** As documented before: nothing outside of the pool. */
const POOL_ONLY: Acl = {
  ...DOCUMENTED.user,
  '/vms': [],
  '/pool/innkeeper': [...(DOCUMENTED.user['/pool/innkeeper'] ?? []), 'VM.Audit'],
};

/** Ten times as fast as the real one. */
const clock: Clock = {
  now: () => Date.now() * 10,
  monotonic: () => performance.now() * 10,
  trusted: () => true,
  sleep: (ms, signal, background) => systemClock.sleep(ms / 10, signal, background),
};

async function open(t: Test, options: Partial<PveOptions> = {}): Promise<{ pve: Pve; driver: GuestDriver }> {
  const certificate = await selfSigned();
  const backend = await memoryBackend({});
  const pve = await startPve({
    ...{ backend, tls: certificate, token: { id: 'innkeeper@pve!agent', secret: TOKEN_SECRET } },
    ...{ delays: 0, pools: ['innkeeper'], templatePool: 'innkeeper', grants: DOCUMENTED },
    ...options,
  });
  const config = proxmoxConfig({ ...OVER, urls: [pve.url], fingerprint: certificate.fingerprint });
  const driver = proxmoxGuestDriver(config, { clock, log: pino({ level: 'silent' }) });
  t.teardown(async () => {
    await driver.close();
    await pve.close();
    await backend.close();
  });
  return { pve, driver };
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
const fromScratch: ContainerSpec = { ...spec, source: { kind: 'os', volume: DEFAULT_OS_TEMPLATE } };
const call = () => plainCall(new AbortController().signal);
const ofPve = (pve: Pve, vmid = at.vmid) => pve.containers().find((one) => one.vmid === vmid);

/** Somebody else's container, outside of our pool. */
async function addForeign(pve: Pve, vmid: number, net0: string): Promise<void> {
  pve.setGrants(fullGrants());
  const ask = asker(pve.url, { id: 'innkeeper@pve!agent', secret: TOKEN_SECRET });
  const values = { vmid, ostemplate: DEFAULT_OS_TEMPLATE, rootfs: 'local-btrfs:4', description: 'x', net0 };
  await ask('POST', '/nodes/pve1/lxc', values);
  while (ofPve(pve, vmid)?.config['rootfs'] === undefined) await systemClock.sleep(5);
  pve.setGrants(undefined);
  await pve.settle();
}

guestDriverContract(t, 'the Proxmox driver with exactly the documented rights', async (t) => {
  const { pve, driver } = await open(t);
  await addForeign(pve, 300, 'name=eth0,bridge=vmbr0,ip=10.77.9.9/24');
  const numbers = Array.from({ length: 8 }, (_, index) => index);
  return {
    driver,
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

t.test('an address that is in use outside of the pool is seen', async (t) => {
  const { pve, driver } = await open(t);
  await addForeign(pve, 300, 'name=eth0,bridge=vmbr0,ip=10.77.0.21/24');
  t.ok((await driver.usedAddresses(call())).has('10.77.0.21'));
});

t.test('a container from an OS template, and a golden one, need no right outside of the pool', async (t) => {
  const { pve, driver } = await open(t);
  await driver.ensureContainer(fromScratch, call());
  t.match(ofPve(pve)?.config, { tags: 'innkeeper', description: /a1/, hostname: 'blog.example.test' });
  await driver.convertToTemplate(at, call());
  const clone = { vmid: 5002, mark: { ...mark, service: '43' } };
  const source = { kind: 'template', name: 'blog.example.test' } as const;
  await driver.ensureContainer({ ...spec, ...clone, source }, call());
  await driver.removeContainer(clone, call());
  await driver.removeContainer(at, call());
  t.equal(ofPve(pve), undefined);
});

t.test(
  'a refusal is no proof that a container is gone; with the right granted the retry sees it',
  async (t) => {
    const { pve, driver } = await open(t, { grants: { privsep: false, user: POOL_ONLY, token: {} } });
    await driver.ensureContainer(spec, call());
    const refused = await failsWith(
      t,
      'container_host_refused',
      driver.removeContainer(at, call()),
      'who knows',
    );
    t.match(refused.detail, /container 5001: .*\(\/vms\/5001, VM\.Audit\).*grant VM\.Audit on \/vms/);
    t.equal(ofPve(pve), undefined, 'it was destroyed, which the agent could not see');
    await failsWith(t, 'container_host_refused', driver.removeContainer(at, call()), 'nor later');
    pve.setGrants(DOCUMENTED);
    await driver.removeContainer(at, call());
    t.equal(await driver.find(at, call()), undefined);
  },
);

t.test('a refusal of one look is not believed, and the hint that led there is not asked again', async (t) => {
  const { pve, driver } = await open(t);
  await driver.ensureContainer(spec, call());
  const reason = 'Permission check failed (/vms/5001, VM.Audit)';
  pve.faults.add({
    target: 'pve',
    method: 'GET',
    path: '/lxc/5001/config$',
    kind: { status: 403, reason },
    times: 1,
  });
  await driver.removeContainer(at, call());
  t.equal(ofPve(pve), undefined, 'it was destroyed, not taken for gone');
});

t.test(
  'a creation whose answer was lost is known again, although nothing tells of it until its end',
  async (t) => {
    // longer than a nameless creation of somebody else is watched
    const { pve, driver } = await open(t, { delays: 1, lockWaitMs: 60 });
    for (const kind of [
      { drop: 'after' },
      { status: 596, reason: 'Connection timed out', after: true },
    ] as const) {
      pve.faults.add({ target: 'pve', method: 'POST', path: '/lxc$', kind, times: 1 });
      await driver.ensureContainer(fromScratch, notingCall());
      t.match(ofPve(pve)?.config, { description: /a1/, tags: 'innkeeper' });
      t.equal(
        pve
          .tasks()
          .filter(({ type }) => type === 'vzcreate')
          .at(-1)?.exitstatus,
        'OK',
      );
      await driver.removeContainer(at, call());
    }
    t.equal(pve.tasks().filter(({ type }) => type === 'vzcreate').length, 2, 'one each, not made twice');
  },
);

t.test('what a lost creation makes later is removed, not left behind', async (t) => {
  const { pve, driver } = await open(t, { delays: 1, lockWaitMs: 60 });
  const left = new AbortController();
  const noting = notingCall({}, left.signal);
  pve.faults.add({ target: 'pve', method: 'POST', path: '/lxc$', kind: { drop: 'after' }, times: 1 });
  const made = { ended: false };
  const making = driver
    .ensureContainer(fromScratch, noting)
    .catch(() => {})
    .finally(() => (made.ended = true));
  while (!made.ended && !pve.tasks().some(({ type }) => type === 'vzcreate')) await systemClock.sleep(5);
  left.abort();
  await making;
  t.equal(ofPve(pve)?.config['description'], undefined, 'it is being made and says nothing of us');
  await driver.removeContainer(at, notingCall({ ...noting.notes }));
  t.equal(ofPve(pve), undefined);
});

t.test('a template that one look shows without its name is not missing', async (t) => {
  const { pve, driver } = await open(t);
  pve.faults.add({
    target: 'pve',
    method: 'GET',
    path: '^/cluster/resources',
    kind: { outdated: true },
    times: 2,
  });
  t.same(await driver.ensureContainer(spec, call()), { node: 'pve2' });
  t.equal(pve.faults.list()[0]?.struck, 2, 'and one look did');
  const missing = { ...spec, vmid: 5003, source: { kind: 'template', name: 'nowhere' } as const };
  await failsWith(t, 'template_missing', driver.ensureContainer(missing, call()), 'none at all');
});
