import t, { type Test } from 'tap';
import { DEFAULT_OS_TEMPLATE, DEFAULT_STORAGES } from '../../../src/sandbox/pve/options.js';
import type { Acl } from '../../../src/sandbox/pve/grants.js';
import { documentedGrants } from '../../../src/sandbox/documented-grants.js';
import { field, type Fixture, fixture, type Reply } from './fixture.js';

/**
 * What the real API answered, and its source: findings of Proxmox's own code (pve-container 6.1.10 and the others of
 * PVE 9.1).
 */
const NET = 'name=eth0,bridge=vmbr0,ip=10.9.0.5/24,gw=10.9.0.1';
const CT = '/nodes/pve1/lxc/101';
const TEMPLATE = '/nodes/pve1/lxc/9001';
const CREATE = {
  ...{ vmid: 101, ostemplate: DEFAULT_OS_TEMPLATE, rootfs: 'local-btrfs:8', net0: NET, pool: 'innkeeper' },
  description: 'innkeeper:a/b/c/1',
};
const DOCUMENTED = documentedGrants({
  ...{ pool: 'innkeeper', storage: 'local-btrfs', bridge: 'vmbr0', vlan: null },
  os_template: DEFAULT_OS_TEMPLATE,
  ha: { enabled: true, nodes: [], group: null },
});
const POOLED = { grants: DOCUMENTED, pools: ['innkeeper'], templatePool: 'innkeeper' };

const PRESSURES = ['cpu', 'io', 'memory'].flatMap((of) => [`pressure${of}some`, `pressure${of}full`]);

/** The documented rights with these paths changed. */
const rights = (over: Acl) => ({ ...DOCUMENTED, user: { ...DOCUMENTED.user, ...over } });

function refused(t: Test, reply: Reply, what: string): void {
  t.same(
    [reply.status, reply.reason],
    [403, what === '' ? 'Permission check failed' : `Permission check failed (${what})`],
  );
}

function keysOf(data: unknown): string[] {
  return typeof data === 'object' && data !== null ? Object.keys(data).sort() : [];
}

/** The entries of a list that is an answer's data. */
function rowsOf({ data }: Reply): readonly unknown[] {
  return Array.isArray(data) ? data.map((one: unknown) => one) : [];
}

t.test('with the documented rights a container lives its whole life', async (t) => {
  const { ask, task } = await fixture(t, POOLED);
  t.equal(await task('POST', '/nodes/pve1/lxc', CREATE), 'OK');
  const settings = {
    memory: 1024,
    cores: 1,
    net0: NET,
    description: 'x',
    tags: 'a',
    onboot: 1,
    hostname: 'h',
  };
  t.equal((await ask('PUT', `${CT}/config`, settings)).status, 200);
  t.equal((await ask('PUT', `${CT}/firewall/options`, { enable: 1 })).status, 200);
  t.equal(await task('PUT', `${CT}/resize`, { disk: 'rootfs', size: '10G' }), 'OK');
  t.equal(await task('POST', `${CT}/status/start`), 'OK');
  t.equal(await task('POST', `${CT}/snapshot`, { snapname: 'initial' }), 'OK');
  t.equal(await task('POST', `${CT}/snapshot/initial/rollback`), 'OK');
  t.equal(await task('DELETE', `${CT}/snapshot/initial`), 'OK');
  t.equal((await ask('POST', '/cluster/ha/resources', { sid: 'ct:101', state: 'stopped' })).status, 200);
  t.equal((await ask('GET', '/cluster/ha/resources')).status, 200);
  t.equal(await task('DELETE', CT, { purge: 1 }), 'OK');
  const gone = await ask('GET', `${CT}/config`);
  t.equal(gone.reason, `Configuration file 'nodes/pve1/lxc/101.conf' does not exist`, 'its end can be seen');
  t.equal(await task('POST', `${TEMPLATE}/clone`, { newid: 101, pool: 'innkeeper' }), 'OK');
});

t.test('a container that is destroyed leaves its pool, and with it the rights on it', async (t) => {
  const { ask, task } = await fixture(t, { ...POOLED, grants: rights({ '/vms': [] }) });
  t.equal(await task('POST', `${TEMPLATE}/clone`, { newid: 101, pool: 'innkeeper' }), 'OK');
  refused(t, await ask('GET', `${CT}/config`), '/vms/101, VM.Audit');
  const { grants } = POOLED;
  const pooled = { '/vms': [], '/pool/innkeeper': [...(grants.user['/pool/innkeeper'] ?? []), 'VM.Audit'] };
  const narrow = await fixture(t, { ...POOLED, grants: rights(pooled) });
  t.equal(await narrow.task('POST', `${TEMPLATE}/clone`, { newid: 101, pool: 'innkeeper' }), 'OK');
  t.equal((await narrow.ask('GET', `${CT}/config`)).status, 200, 'a member of the pool');
  t.equal(await narrow.task('DELETE', CT, { purge: 1 }), 'OK');
  refused(t, await narrow.ask('GET', `${CT}/config`), '/vms/101, VM.Audit');
  const listed = rowsOf(await narrow.ask('GET', '/cluster/resources', { type: 'vm' }));
  t.same(
    listed.map((one) => field(one, 'vmid')),
    [9001, 9002, 9003],
    'members of the pool are all that is listed',
  );
});

t.test(
  'a creation from an OS template shows nothing but its lock until it is done, and joins its pool last',
  async (t) => {
    const { ask, exit, pve } = await fixture(t, { ...POOLED, delays: 1, lockWaitMs: 60, haMs: 5000 });
    const { data: upid } = await ask('POST', '/nodes/pve1/lxc', CREATE);
    const { data: config } = await ask('GET', `${CT}/config`);
    t.same(keysOf(config), ['digest', 'lock']);
    t.equal(field(config, 'lock'), 'create');
    t.equal((await ask('DELETE', CT)).status, 403, 'not ours to destroy before it is in the pool');
    pve.setGrants({
      privsep: false,
      user: { '/': ['VM.Config.Options', 'VM.Allocate', 'Sys.Audit'] },
      token: {},
    });
    t.equal((await ask('DELETE', CT)).reason, 'CT is locked (create)');
    t.equal(
      (await ask('PUT', `${CT}/config`, { onboot: 1 })).reason,
      `can't lock file '/run/lock/lxc/pve-config-101.lock' - got timeout`,
      'its worker holds the file',
    );
    pve.setGrants(undefined);
    t.equal(await exit(String(upid)), 'OK');
    t.match((await ask('GET', `${CT}/config`)).data, {
      description: 'innkeeper:a/b/c/1\n',
      hostname: 'CT101',
    });
    t.equal((await ask('PUT', `${CT}/config`, { onboot: 1 })).status, 200);
  },
);

t.test('each option of a container demands its own privilege', async (t) => {
  const { ask, task, pve } = await fixture(t, POOLED);
  t.equal(await task('POST', `${TEMPLATE}/clone`, { newid: 101, pool: 'innkeeper' }), 'OK');
  const guests = DOCUMENTED.user['/pool/innkeeper'] ?? [];
  const without = (name: string) =>
    pve.setGrants(rights({ '/pool/innkeeper': guests.filter((one) => one !== name) }));
  const put = (values: Record<string, string | number>) => ask('PUT', `${CT}/config`, values);
  for (const [privilege, values] of [
    ['VM.Config.CPU', { cores: 2 }],
    ['VM.Config.Memory', { memory: 2048 }],
    ['VM.Config.Memory', { swap: 0 }],
    ['VM.Config.Network', { net0: NET }],
    ['VM.Config.Network', { hostname: 'x' }],
    ['VM.Config.Network', { nameserver: '10.0.0.1' }],
    ['VM.Config.Network', { searchdomain: 'x.test' }],
    ['VM.Config.Options', { description: 'x' }],
    ['VM.Config.Options', { tags: 'x' }],
    ['VM.Config.Options', { onboot: 1 }],
    ['VM.Config.Options', { delete: 'tags' }],
    ['VM.Config.Disk', { delete: 'mp0' }],
  ] as const) {
    without(privilege);
    refused(t, await put(values), `/vms/101, ${privilege}`);
  }
  for (const privilege of ['VM.Config.Disk', 'VM.Config.Options']) {
    without(privilege);
    refused(t, await ask('PUT', `${CT}/resize`, { disk: 'rootfs', size: '9G' }), `/vms/101, ${privilege}`);
  }
  pve.setGrants(rights({ '/storage/local-btrfs': ['Datastore.Audit'] }));
  const space = '/storage/local-btrfs, Datastore.AllocateSpace';
  refused(t, await ask('PUT', `${CT}/resize`, { disk: 'rootfs', size: '9G' }), space);
  refused(t, await ask('POST', `${TEMPLATE}/clone`, { newid: 102, pool: 'innkeeper' }), space);
  refused(t, await ask('POST', '/nodes/pve1/lxc', { ...CREATE, vmid: 102 }), space);
  pve.setGrants(rights({ '/sdn/zones/localnetwork/vmbr0': [] }));
  const bridge = '/sdn/zones/localnetwork/vmbr0, SDN.Use';
  refused(t, await put({ net0: NET }), bridge);
  refused(t, await ask('POST', '/nodes/pve1/lxc', { ...CREATE, vmid: 102 }), bridge);
  refused(t, await ask('POST', `${TEMPLATE}/clone`, { newid: 102, pool: 'innkeeper' }), bridge);
  t.same((await ask('GET', '/nodes/pve1/network', { type: 'any_bridge' })).data, []);
  pve.setGrants(rights({ '/storage/local': [] }));
  refused(
    t,
    await ask('POST', '/nodes/pve1/lxc', { ...CREATE, vmid: 102 }),
    '/storage/local, Datastore.AllocateSpace|Datastore.Audit',
  );
  pve.setGrants(undefined);
  refused(
    t,
    await ask('POST', '/nodes/pve1/lxc', { ...CREATE, vmid: 102, tags: 'x' }),
    '/vms/102, VM.Config.Options',
  );
  refused(t, await put({ net0: 'name=eth0,bridge=vmbr1' }), '/sdn/zones/localnetwork/vmbr1, SDN.Use');
  refused(
    t,
    await put({ features: 'nesting=1,keyctl=1' }),
    'changing feature flags (except nesting) is only allowed for root@pam',
  );
});

t.test('what does not exist is refused like what is forbidden, or told at once', async (t) => {
  const { ask, task } = await fixture(t, POOLED);
  const create = (over: Record<string, string>) => ask('POST', '/nodes/pve1/lxc', { ...CREATE, ...over });
  refused(t, await create({ pool: 'x' }), `pool 'x' does not exist`);
  refused(t, await ask('POST', `${TEMPLATE}/clone`, { newid: 101, pool: 'x' }), '');
  refused(t, await create({ rootfs: 'nowhere:8' }), '/storage/nowhere, Datastore.AllocateSpace');
  refused(t, await ask('GET', '/pools/x'), '/pool/x, Pool.Audit');
  refused(
    t,
    await ask('GET', '/nodes/pve1/storage/x/status'),
    '/storage/x, Datastore.Audit|Datastore.AllocateSpace',
  );
  const image = await create({ ostemplate: 'nowhere:vztmpl/a.tar.zst' });
  t.same([image.status, image.reason], [500, `storage 'nowhere' does not exist`]);
  const path = await create({ ostemplate: '/root/a.tar.zst' });
  t.same([path.status, path.reason], [500, 'Only root can pass arbitrary filesystem paths.']);
  const full = await fixture(t, { pools: ['innkeeper'] });
  refused(
    t,
    await full.ask('POST', `${TEMPLATE}/clone`, { newid: 101, pool: 'x' }),
    `pool 'x' does not exist`,
  );
  t.equal((await full.ask('GET', '/pools/x')).reason, `pool 'x' does not exist`);
  t.match(
    await full.task('POST', `${CT}/status/start`),
    `Configuration file 'nodes/pve1/lxc/101.conf' does not exist`,
  );
  t.equal((await full.ask('GET', `${CT}/firewall/options`)).status, 200);
  t.equal((await full.ask('PUT', `${CT}/firewall/options`, { enable: 1 })).status, 200);
  t.match((await full.ask('GET', `${CT}/firewall/options`)).data, { enable: 1 }, 'a stray file');
  t.equal(await full.task('POST', '/nodes/pve1/lxc', CREATE), 'OK');
  t.match(
    (await full.ask('GET', `${CT}/firewall/options`)).data,
    { enable: 1 },
    'it becomes that of the new one',
  );
  t.same((await full.ask('PUT', `${CT}/config`, { delete: 'nonsense' })).errors, {
    delete: `unknown option 'nonsense'`,
  });
  const absent = await full.ask('PUT', `${CT}/resize`, { disk: 'mp3', size: '9G' });
  t.same([absent.status, Object.keys(absent.errors ?? {})], [500, ['mp', 'volume']]);
  full.pve.lock(101, 'backup');
  const locked = await full.ask('DELETE', CT);
  t.same([locked.status, locked.reason], [500, 'CT is locked (backup)']);
  full.pve.lock(101, undefined);
  t.equal(await full.task('POST', `${CT}/status/start`), 'OK');
  t.equal(
    (await full.ask('POST', `${CT}/clone`, { newid: 102, full: 1 })).reason,
    'Full clone of a running container is only possible from a snapshot',
  );
  t.equal(
    await full.task('POST', `${TEMPLATE}/clone`, { newid: 102, full: 1, storage: 'local' }),
    `clone failed: content type 'rootdir' is not available or configured on storage 'local'`,
  );
  const { data: current } = await full.ask('GET', `${CT}/status/current`);
  const { data: listed } = await full.ask('GET', '/nodes/pve1/lxc');
  const [own, template] = Array.isArray(listed) ? (listed as unknown[]) : [];
  for (const [what, status] of Object.entries({ current, listed: own })) {
    t.match(field(status, 'pid'), /^\d+$/, what);
    for (const name of PRESSURES) t.match(field(status, name), /^\d+\.\d+$/, `${what}: ${name}`);
    for (const name of ['pid', ...PRESSURES]) t.type(field(status, name), 'string', `${what}: ${name}`);
  }
  t.match(own, {
    ...{ vmid: 101, cpu: Number, disk: Number, diskread: 0, diskwrite: 0 },
    netin: Number,
    netout: Number,
    swap: 0,
  });
  t.match(template, { vmid: 9001 });
  t.same(
    keysOf(template).filter((name) => name === 'pid' || name.startsWith('pressure')),
    [],
    'a stopped one has neither',
  );
  const upid = 'UPID:pve1:00001000:00000100:66000000:vzstart:101:innkeeper@pve!agent:';
  t.match(
    (await full.ask('GET', `/nodes/pve1/tasks/${encodeURIComponent(upid)}/log`)).text,
    /"t":"unable to open file[^"]*".*"total":1|"total":1.*unable to open file/,
  );
  t.match((await full.ask('GET', '/nodes/pve1/tasks', { limit: 1 })).text, /"total":[2-9]/);
  t.equal((await ask('GET', `${TEMPLATE}/config`)).status, 200);
  t.equal(await task('POST', `${TEMPLATE}/clone`, { newid: 101, pool: 'innkeeper' }), 'OK');
});

t.test('the list shows what the token may see, and no more', async (t) => {
  const { ask, pve } = await fixture(t, { ...POOLED, pools: ['innkeeper', 'other'] });
  const rows = async () => rowsOf(await ask('GET', '/cluster/resources'));
  const types = async (): Promise<string[]> =>
    [...new Set((await rows()).map((one) => String(field(one, 'type'))))].sort();
  t.same(await types(), ['lxc', 'node', 'storage']);
  t.notOk((await rows()).some((one) => field(one, 'type') === 'lxc' && field(one, 'pool') !== undefined));
  pve.setGrants(
    rights({ '/': ['Sys.Audit', 'Pool.Audit', 'SDN.Audit'], '/sdn/zones/localnetwork/vmbr0': ['SDN.Use'] }),
  );
  t.same(await types(), ['lxc', 'network', 'node', 'pool', 'storage']);
  pve.setGrants(rights({ '/pool/innkeeper': ['Pool.Audit'] }));
  t.same(await types(), ['lxc', 'node', 'pool', 'storage']);
  t.same(
    (await rows()).filter((one) => field(one, 'type') === 'pool').map((one) => field(one, 'pool')),
    ['innkeeper'],
    'an entry of its own replaces those above it',
  );
  pve.setGrants(rights({ '/': [] }));
  t.same(
    (await rows()).filter((one) => field(one, 'type') === 'node').map((one) => field(one, 'maxmem')),
    [undefined, undefined, undefined],
    'no figures of the nodes',
  );
});

t.test('for up to 2 s after a change the workers of the API differ', async (t) => {
  const { ask, task, pve } = await fixture(t, { dumpMs: 60_000 });
  const look = async (from: Fixture['ask']): Promise<unknown> =>
    rowsOf(await from('GET', '/cluster/resources', { type: 'vm' })).find((one) => field(one, 'vmid') === 101);
  const shown = async () => field(await look(ask), 'name');
  await shown();
  await task('POST', `${TEMPLATE}/clone`, { newid: 101, hostname: 'shop' });
  await pve.settle();
  t.same([await shown(), await shown(), await shown(), await shown()], ['shop', 'shop', undefined, 'shop']);
  const fresh = await fixture(t);
  await fresh.task('POST', `${TEMPLATE}/clone`, { newid: 101, hostname: 'shop' });
  await fresh.pve.settle();
  fresh.pve.faults.add({ target: 'pve', path: '^/cluster/resources', kind: { outdated: true }, times: 1 });
  t.match(await look(fresh.ask), { vmid: 101, status: 'unknown', name: undefined });
  t.match(await look(fresh.ask), { vmid: 101, name: 'shop' });
});

t.test('a base volume is held by linked clones only where their names say so', async (t) => {
  for (const [type, exit] of [
    ['btrfs', 'OK'],
    ['lvmthin', 'OK'],
    ['rbd', `base volume 'base-9001-disk-0' is still in use by linked clones`],
  ] as const) {
    const storages = [...DEFAULT_STORAGES.slice(0, 1), { storage: 's', type, content: ['rootdir'] }];
    const templates = [{ vmid: 9001, node: 'pve1', name: 'golden', storage: 's', diskGb: 4 }];
    const { task } = await fixture(t, { storages, templates });
    t.equal(await task('POST', `${TEMPLATE}/clone`, { newid: 101 }), 'OK');
    t.equal(await task('DELETE', TEMPLATE), exit, type);
  }
});
