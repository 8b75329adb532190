import t from 'tap';
import { chooseNode } from '../../../src/drivers/guest/proxmox/choose-node.js';
import { nameOf } from '../../../src/drivers/guest/proxmox/os-templates.js';
import { DEFAULT_STORAGES } from '../../../src/sandbox/pve/options.js';
import { at, call, driverAtLookalike, spec } from '../../fakes/lookalike-driver.js';

const DEBIAN = 'vztmpl/debian-12-standard_12.7-1_amd64.tar.zst';
const osTemplates = [
  `local:${DEBIAN}`,
  `shared:${DEBIAN}`,
  'local:vztmpl/own.tar.gz',
  'other:vztmpl/x.tar.gz',
];
const storages = [
  ...DEFAULT_STORAGES,
  { storage: 'shared', type: 'nfs', content: ['vztmpl'] },
  { storage: 'other', type: 'dir', content: ['vztmpl'] },
] as const;

t.test('OS templates are listed for each node, from the named storages', async (t) => {
  const config = { storage: 'local-btrfs', image_storages: ['local', 'shared'] };
  const { driver } = await driverAtLookalike(t, { osTemplates, storages }, config);
  const listed = await driver.listOsTemplates(call());
  const shown = listed
    .map(({ node, name, version, volume }) => `${node} ${name} ${version} ${volume}`)
    .sort();
  t.same(
    shown,
    ['pve1', 'pve2', 'pve3'].flatMap((node) => [
      `${node} debian-12-standard 12.7-1 local:${DEBIAN}`,
      `${node} debian-12-standard 12.7-1 shared:${DEBIAN}`,
      `${node} own  local:vztmpl/own.tar.gz`,
    ]),
  );
});

t.test(
  'without names, the storage of the OS template is used; a node without an answer is left out',
  async (t) => {
    const config = { storage: 'local-btrfs' };
    const { driver, pve } = await driverAtLookalike(t, { osTemplates, storages }, config);
    const nodes = async (): Promise<string[]> => {
      const listed = await driver.listOsTemplates(call());
      return [...new Set(listed.map(({ node }) => node))].sort();
    };
    t.same(await nodes(), ['pve1', 'pve2', 'pve3']);
    pve.faults.add({
      target: 'pve',
      method: 'GET',
      path: '/nodes/pve2/storage/local/content',
      kind: { status: 500 },
    });
    t.same(await nodes(), ['pve1', 'pve3']);
  },
);

t.test('a container that must exist is not created', async (t) => {
  const { driver, pve } = await driverAtLookalike(t, {}, { storage: 'local-btrfs' });
  await t.rejects(
    driver.ensureContainer({ ...spec, source: { kind: 'existing' } }, call()),
    /does not exist/,
  );
  t.notOk(pve.containers().some(({ vmid }) => vmid === spec.vmid));
  await driver.ensureContainer(spec, call());
  await driver.ensureContainer(
    { ...spec, hostname: 'other.example.test', source: { kind: 'existing' } },
    call(),
  );
  t.match(await driver.find(at, call()), { hostname: 'other.example.test' });
});

t.test('a source that only some nodes have is placed on one of them', async (t) => {
  const { driver, config } = await driverAtLookalike(t, {}, { storage: 'local-btrfs' });
  const view = await driver.look(call());
  const { resources } = spec;
  const placed = (nodes: readonly string[] | null): string =>
    chooseNode(config, { resources, source: { kind: 'anywhere', nodes }, promised: new Map() }, view);
  t.equal(placed(['pve3']), 'pve3');
  t.ok(['pve1', 'pve2', 'pve3'].includes(placed(null)));
});

t.test('the name of a file is split into name and version', async (t) => {
  t.same(nameOf('local:vztmpl/archlinux-base_20240911-1_amd64.tar.zst'), {
    ...{ name: 'archlinux-base', version: '20240911-1' },
  });
  t.same(nameOf('nas:vztmpl/my_image.tgz'), { name: 'my_image', version: '' });
});
