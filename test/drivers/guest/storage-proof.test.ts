/** Where the root disk is and how much of it can be used: read back, not believed. */
import t from 'tap';
import { chooseNode } from '../../../src/drivers/guest/proxmox/choose-node.js';
import { proxmoxConfig } from '../../fakes/proxmox-config.js';
import { failsWith } from '../../contracts/guest.js';
import { at, call, driverAtLookalike, spec, TEMPLATE } from '../../fakes/lookalike-driver.js';
import type { PveOptions } from '../../../src/sandbox/pve/options.js';

/** As the reference system has it: sites on DRBD, the template on each node's own storage, or on one node's. */
const drbd = (nodes: readonly string[]): Partial<PveOptions> => ({
  storages: [
    { storage: 'local', type: 'dir', content: ['vztmpl'] },
    { storage: 'local-lvm', type: 'lvmthin', content: ['rootdir'] },
    { storage: 'drbd', type: 'drbd', content: ['rootdir'] },
  ],
  templates: nodes.map((node, index) => ({
    ...{ vmid: 9001 + index, node, name: TEMPLATE, storage: 'local-lvm', diskGb: 4 },
  })),
});
const rootOf = (pve: Awaited<ReturnType<typeof driverAtLookalike>>['pve']) =>
  pve.containers().find(({ vmid }) => vmid === at.vmid)?.config['rootfs'];

t.test('a template on another storage than the configured one is copied to that one', async (t) => {
  const { pve, driver } = await driverAtLookalike(t, drbd(['pve1', 'pve2']), { storage: 'drbd' });
  await driver.ensureContainer(spec, call());
  t.match(rootOf(pve), /^drbd:/);
  const sent = pve.requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/clone'));
  t.match(sent, [{ values: { full: '1', storage: 'drbd' } }], 'no linked clone is tried');
});

t.test('a template on the storage of one node is used on that node alone', async (t) => {
  const { driver } = await driverAtLookalike(t, drbd(['pve1']), { storage: 'drbd' });
  const view = await driver.look(call());
  t.match(
    view.guests.filter(({ template }) => template),
    [{ node: 'pve1', rootStorage: 'local-lvm' }],
  );
  const request = { resources: spec.resources, source: spec.source, promised: new Map() };
  t.equal(driver.place(request, view), 'pve1');
  const elsewhere = { ...view, nodes: view.nodes.filter(({ name }) => name !== 'pve1') };
  t.throws(() => chooseNode(proxmoxConfig({ storage: 'drbd' }), request, elsewhere), {
    code: 'capacity_exhausted',
    detail: /does not have the template/,
  });
  await failsWith(t, 'template_missing', driver.ensureContainer(spec, call()), 'on another node');
});

t.test('a clone that ended on another storage is found out', async (t) => {
  const { pve, driver } = await driverAtLookalike(t, drbd(['pve1', 'pve2']), { storage: 'drbd' });
  // the template's settings cannot be read, so that a linked clone is tried
  pve.faults.add({
    target: 'pve',
    method: 'GET',
    path: '/lxc/900\\d/config$',
    kind: { status: 500, reason: 'not now' },
  });
  const error = await failsWith(
    t,
    'container_host_failed',
    driver.ensureContainer(spec, call()),
    'elsewhere',
  );
  t.match(error, {
    failure: 'refused_request',
    detail: /local-lvm:.*container_host.proxmox.storage is "drbd"/,
  });
});

t.test('a disk whose file system did not follow is grown again, and told when it stays', async (t) => {
  const { pve, driver } = await driverAtLookalike(t);
  const noEffect = (times?: number) =>
    pve.faults.add({
      ...{ target: 'pve', method: 'PUT', path: '/resize$', kind: { noEffect: true } },
      ...(times === undefined ? {} : { times }),
    });
  const usable = async (): Promise<number | undefined> =>
    (await driver.listContainers(call())).read.find(({ vmid }) => vmid === at.vmid)?.resources.diskGb;
  noEffect(1);
  await driver.ensureContainer(spec, call());
  t.match(rootOf(pve), /size=20496M/, 'stopped: the log of the task told it');
  await driver.ensureStarted(at, call());
  noEffect(2);
  await driver.ensureResources(at, { ...spec.resources, diskGb: 40 }, call());
  pve.faults.remove();
  await pve.settle();
  t.equal(await usable(), 40);

  noEffect();
  const error = await failsWith(
    t,
    'container_host_failed',
    driver.ensureResources(at, { ...spec.resources, diskGb: 80 }, call()),
    'it stays',
  );
  t.match(error.detail, /pct resize 5001 rootfs/);
  pve.faults.remove();
  await pve.settle();
  t.equal(await usable(), 40, 'the drift shows what can be used, not what is configured');
  await driver.ensureResources(at, { ...spec.resources, diskGb: 80 }, call());
  await pve.settle();
  t.equal(await usable(), 80);
});

t.test('the cluster says whether the configured storage can hold templates', async (t) => {
  const { driver } = await driverAtLookalike(t, drbd(['pve1']), { storage: 'drbd' });
  t.equal((await driver.look(call())).templates, false);
  const other = await driverAtLookalike(t);
  t.equal((await other.driver.look(call())).templates, true);
});
