import t, { type Test } from 'tap';
import { pino } from 'pino';
import type { ProxmoxConfig } from '../../../src/config/config.js';
import type { ErrorCode } from '../../../src/kernel/errors.js';
import { formatMark, type Mark } from '../../../src/kernel/mark.js';
import { plainCall } from '../../../src/drivers/shared/call.js';
import type { ContainerSpec, GuestDriver } from '../../../src/drivers/guest/contract.js';
import { proxmoxGuestDriver } from '../../../src/drivers/guest/proxmox/index.js';
import { macOf } from '../../../src/drivers/guest/proxmox/property-string.js';
import { failsWith, guestDriverContract, notingCall } from '../../contracts/guest.js';
import { type LeapClock, leapClock } from '../../fakes/leap-clock.js';
import { proxmoxConfig } from '../../fakes/proxmox-config.js';
import { type Answer, PveWire } from '../../fakes/pve-wire.js';

const mark: Mark = { agent: 'a1', panel: 'default', service: '42', generation: 1 };
const at = { vmid: 5001, mark };
const spec: ContainerSpec = {
  ...at,
  node: 'pve1',
  hostname: 'blog.example.test',
  source: { kind: 'template', name: 'wordpress' },
  resources: { cores: 2, memoryMb: 2048, swapMb: 512, diskGb: 20 },
  addresses: [{ address: '10.0.0.21', prefix: 24, gateway: '10.0.0.1' }],
  tags: ['innkeeper'],
};
const call = () => plainCall(new AbortController().signal);

async function world(
  t: Test,
  over: Partial<ProxmoxConfig> = {},
): Promise<{ wire: PveWire; driver: GuestDriver; clock: LeapClock }> {
  const wire = await PveWire.start();
  wire.addContainer(9000, { config: { hostname: 'wordpress', template: 1 } });
  wire.addContainer(300, {
    config: { description: 'the accountant', net0: 'name=eth0,ip=10.0.0.9/24,ip6=auto' },
  });
  const config = proxmoxConfig({ urls: [wire.url], fingerprint: wire.certificate.fingerprint, ...over });
  const clock = leapClock();
  const driver = proxmoxGuestDriver(config, { clock, log: pino({ level: 'silent' }) });
  t.teardown(async () => {
    await driver.close();
    await wire.close();
  });
  return { wire, driver, clock };
}

/** A container of ours that is done. */
function ours(wire: PveWire, over: Parameters<PveWire['addContainer']>[1] = {}) {
  return wire.addContainer(at.vmid, { ...over, config: { description: formatMark(mark), ...over.config } });
}

guestDriverContract(t, 'the Proxmox driver', async (t) => {
  const { driver } = await world(t);
  const numbers = Array.from({ length: 8 }, (_, index) => index);
  return {
    driver,
    template: 'wordpress',
    osVolume: 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst',
    node: 'pve1',
    vmids: numbers.map((index) => 5100 + index),
    addresses: numbers.map((index) => ({ address: `10.0.1.${10 + index}`, prefix: 24, gateway: '10.0.1.1' })),
    foreignVmid: 300,
  };
});

t.test('what a clone is asked for', async (t) => {
  const { wire, driver } = await world(t, { vlan: 7, firewall: true, searchdomain: 'example.test' });
  const v6 = { address: 'fd00::21', prefix: 64, gateway: 'fd00::1' };
  await driver.ensureContainer({ ...spec, addresses: [...spec.addresses, v6] }, call());
  t.same(
    wire.sent('POST', /clone$/).map(({ path, params }) => ({ path, params })),
    [
      {
        path: '/nodes/pve1/lxc/9000/clone',
        params: {
          newid: '5001',
          hostname: 'blog.example.test',
          description: 'innkeeper:a1/default/42/1',
          full: '0',
          pool: 'innkeeper',
        },
      },
    ],
  );
  t.match(wire.sent('PUT', /config$/)[0]?.params, {
    net0: `name=eth0,bridge=vmbr0,firewall=1,gw=10.0.0.1,gw6=fd00::1,hwaddr=${macOf(mark)},ip=10.0.0.21/24,ip6=fd00::21/64,tag=7,type=veth`,
    onboot: '1',
    tags: 'innkeeper',
    nameserver: '10.0.0.53',
    searchdomain: 'example.test',
    digest: /./,
  });
  t.same(wire.sent('PUT', /resize$/)[0]?.params, { disk: 'rootfs', size: '20G' });
  t.match(wire.sent('PUT', /firewall\/options$/)[0]?.params, { enable: '1', ipfilter: '1', macfilter: '1' });
  t.match(macOf(mark), /^[0-9A-F][26AE](:[0-9A-F]{2}){5}$/, 'locally administered, unicast');
  const before = wire.requests.length;
  await driver.ensureContainer({ ...spec, addresses: [...spec.addresses, v6] }, call());
  const again = wire.requests.slice(before).map(({ method, path }) => `${method} ${path}`);
  t.notOk(
    again.some((line) => /POST|config.*PUT|resize/.test(line)),
    again.join(', '),
  );
});

t.test('the template of another node is used through shared storage only', async (t) => {
  const { wire, driver } = await world(t);
  await failsWith(
    t,
    'template_missing',
    driver.ensureContainer({ ...spec, node: 'pve2' }, call()),
    'not shared',
  );
  wire.sharedStorage = true;
  t.same(await driver.ensureContainer({ ...spec, node: 'pve2' }, call()), { node: 'pve2' });
  t.match(wire.sent('POST', /clone$/)[0]?.params, { target: 'pve2' });
});

t.test('a storage without linked clones gets a full copy', async (t) => {
  const { wire, driver } = await world(t);
  wire.linkedClones = false;
  await driver.ensureContainer(spec, call());
  t.match(wire.sent('POST', /clone$/)[1]?.params, { full: '1', storage: 'local-lvm' });
});

t.test('a lost answer is resolved by looking, never by a second container', async (t) => {
  const lost: [string, Answer][] = [
    ['596 after the effect', { status: 596, reason: 'Connection timed out', after: true }],
    ['596 without effect', { status: 596, reason: 'Connection timed out' }],
    ['connection dropped after the effect', { drop: true, after: true }],
    ['connection dropped before', { drop: true }],
    ['half a body', { truncate: true, after: true }],
    ['a page of a gateway', { raw: '<html>ok</html>', contentType: 'text/html', after: true }],
    ['JSON without data', { raw: '{}', after: true }],
    ['null for a task', { data: 17, after: true }],
    ['502 of a gateway', { status: 502, raw: '<html>Bad Gateway</html>', contentType: 'text/html' }],
  ];
  for (const [name, answer] of lost) {
    await t.test(name, async (t) => {
      const { wire, driver, clock } = await world(t);
      wire.answer('POST', /clone$/, answer);
      const noting = notingCall();
      // our fake ends a clone only when somebody looks at its task
      clock.meanwhile = () => {
        const ct = wire.containers.get(at.vmid);
        if (ct) delete ct.config['lock'];
      };
      await driver.ensureContainer(spec, noting);
      t.match(await driver.find(at, call()), { mark, resources: spec.resources });
      t.equal(wire.sent('POST', /clone$/).length, answer.after === true ? 1 : 2);
    });
  }
});

t.test('a start whose answer is lost is not sent twice', async (t) => {
  const { wire, driver, clock } = await world(t);
  const ct = ours(wire);
  wire.answer('POST', /start$/, { drop: true });
  clock.meanwhile = () => (ct.running = true);
  await driver.ensureStarted(at, call());
  t.equal(wire.sent('POST', /start$/).length, 1);
});

t.test('errors that come at once', async (t) => {
  const rows: [string, Answer, ErrorCode, boolean, RegExp][] = [
    ['401', { status: 401, reason: 'Authentication failed!', raw: '' }, 'container_host_refused', true, /Authentication failed!/],
    ['401 of an old release', { status: 401, reason: 'invalid token value!', raw: '' }, 'container_host_refused', true, /invalid token value/],
    ['403', { status: 403, reason: 'Permission check failed (/vms/5001, VM.PowerMgmt)' }, 'container_host_refused', true, /VM\.PowerMgmt/],
    ['595', { status: 595, reason: 'Connection refused', raw: '' }, 'container_host_unreachable', true, /595/],
    ['unknown node', { status: 500, reason: "hostname lookup 'pve9' failed - failed to get address info" }, 'container_host_unreachable', true, /pve9/],
    ['no quorum', { status: 500, reason: 'cluster not ready - no quorum?' }, 'container_host_unreachable', true, /quorum/],
    ['config lock', { status: 500, reason: "can't lock file '/run/lock/lxc/pve-config-5001.lock' - got timeout" }, 'container_host_busy', true, /pve-config/],
    ['storage lock', { status: 500, reason: "can't lock file '/var/lock/pve-manager/pve-storage-local' - got timeout" }, 'container_host_busy', true, /pve-storage/],
    ['cluster lock', { status: 500, reason: "cfs-lock 'storage-ceph' error: got lock request timeout" }, 'container_host_busy', true, /cfs-lock/],
    ['locked source', { status: 500, reason: 'CT is locked (disk)' }, 'container_host_busy', true, /disk/],
    ['a wrong value', { status: 400, reason: 'Parameter verification failed.', errors: { timeout: "type check ('integer') failed - got 'x'" } }, 'container_host_failed', false, /timeout: type check/],
    ['not implemented', { status: 501, reason: "Method 'POST /x' not implemented" }, 'container_host_failed', false, /not implemented/],
    ['an ordinary die', { status: 500, reason: 'unable to open file' }, 'container_host_failed', true, /unable to open/],
    ['a body of an old release', { status: 500, reason: 'CT is locked (backup)', raw: '{"data":null}' }, 'container_host_busy', true, /backup/],
  ]; // prettier-ignore
  const { wire, driver } = await world(t);
  ours(wire);
  for (const [name, answer, code, retryable, detail] of rows) {
    wire.answer('POST', /start$/, answer, code === 'container_host_timeout' ? 3 : 1);
    const error = await failsWith(t, code, driver.ensureStarted(at, call()), name);
    t.equal(error.retryable, retryable, `${name}: retryable`);
    t.match(error.detail, detail);
    t.notMatch(error.message, /pve|lock\/|5001|localhost/, 'the message names no infrastructure');
  }
  wire.answer('POST', /start$/, { status: 500, reason: 'CT 5001 already running' });
  await driver.ensureStarted(at, call());
  await driver.ensureStopped(at, 0, call());
  wire.answer('POST', /start$/, { status: 596, reason: 'Connection timed out', raw: '' }, 3);
  await failsWith(t, 'container_host_timeout', driver.ensureStarted(at, call()), 'never known');
  t.equal(
    wire.requests.filter(({ headers }) => headers['transfer-encoding'] !== undefined).length,
    0,
    'never chunked',
  );
});

t.test('errors that only the end of a task tells', async (t) => {
  const { wire, driver } = await world(t);
  const ct = ours(wire);
  const rows: [string, string, () => Promise<unknown>, ErrorCode][] = [
    ['vzstart', 'CT is locked (backup)', () => driver.ensureStarted(at, call()), 'container_host_busy'],
    ['vzstart', "startup for container '5001' failed", () => driver.ensureStarted(at, call()), 'container_host_failed'],
    ['vzsnapshot', 'snapshot feature is not available', () => driver.ensureSnapshot(at, 'BAK01012026-1', '', call()), 'snapshots_unavailable'],
    ['vzsnapshot', 'CT is locked (snapshot-delete)', () => driver.ensureSnapshot(at, 'BAK01012026-1', '', call()), 'container_host_busy'],
    ['vzrollback', "snapshot 'x1' does not exist", () => driver.rollback(at, 'x1', call()), 'backup_not_found'],
    ['vzrollback', "can't rollback, 'x1' is not most recent snapshot on 'zfs'", () => driver.rollback(at, 'x1', call()), 'backup_not_newest'],
    ['vzclone', 'clone failed: no space', () => driver.ensureContainer({ ...spec, vmid: 5002 }, call()), 'container_host_failed'],
    ['vzcreate', 'unable to create CT 5002 - no such volume', () => driver.ensureContainer({ ...spec, vmid: 5002, source: { kind: 'os', volume: 'local:vztmpl/x' } }, call()), 'container_host_failed'],
    ['vzdestroy', 'storage says no', () => driver.removeContainer(at, call()), 'container_host_failed'],
  ]; // prettier-ignore
  for (const [type, exit, act, code] of rows) {
    wire.taskEnds(type, exit);
    const error = await failsWith(t, code, act(), `${type}: ${exit}`);
    t.match(error.detail, exit, 'the words are in the detail');
    wire.containers.delete(5002);
  }
  wire.taskEnds('vzstart', 'WARNINGS: 2');
  await driver.ensureStarted(at, call());
  t.ok(ct.running, 'warnings are success');
  wire.taskEnds('vzshutdown', 'container did not stop');
  await driver.ensureStopped(at, 30, call());
  t.notOk(ct.running, 'what does not shut down is stopped');
  t.match(wire.sent('POST', /shutdown$/)[0]?.params, { timeout: '30', forceStop: '1' });
  wire.taskEnds('vzstart', 'unexpected status', 'OK');
  wire.taskEnds('vzstart', 'unexpected status');
  await driver.ensureStarted(at, call());
  t.ok(ct.running, 'a killed worker is looked after, and the start made again');
});

t.test('a snapshot that another try made is taken as done', async (t) => {
  const { wire, driver } = await world(t);
  const ct = ours(wire);
  wire.answer('GET', /snapshot$/, { data: [{ name: 'current' }] });
  ct.snapshots.push({ name: 'initial', description: 'as made', snaptime: 1 });
  await driver.ensureSnapshot(at, 'initial', 'as made', call());
  await failsWith(
    t,
    'container_host_failed',
    driver.ensureSnapshot(at, 'current', '', call()),
    'a reserved name',
  );
});

t.test('a task of an earlier try is waited for, not started again', async (t) => {
  const { wire, driver } = await world(t);
  const ct = ours(wire);
  const upid = wire.addTask('pve1', 'vzstart', '5001', 'OK', 5, () => (ct.running = true));
  await driver.ensureStarted(at, notingCall({ upid }));
  t.equal(wire.sent('POST', /start$/).length, 0);
  await driver.ensureStopped(at, 0, notingCall({ upid: upid.replace('ABCDEF', 'FFFFFF') }));
  t.notOk(ct.running, 'a task that Proxmox forgot is no obstacle');
  ct.running = true;
  const rolledBack = wire.addTask('pve1', 'vzrollback', '5001', 'OK', 1, () => (ct.running = false));
  await driver.rollback(at, 'initial', notingCall({ upid: rolledBack }));
  t.equal(wire.sent('POST', /rollback$/).length, 0, 'a second rollback would undo what was written since');
});

t.test('polls of a task survive answers that fail, and give up on a host that stays deaf', async (t) => {
  const { wire, driver } = await world(t);
  ours(wire);
  wire.answer('GET', /tasks.*status$/, { drop: true }, 4);
  wire.answer('GET', /tasks.*status$/, { status: 595, reason: 'no route' }, 2);
  await driver.ensureStarted(at, call());
  wire.answer('GET', /tasks.*status$/, { status: 595, reason: 'no route' }, 100);
  const noting = notingCall();
  await failsWith(t, 'container_host_unreachable', driver.ensureStopped(at, 0, noting), 'deaf');
  t.type(noting.notes['upid'], 'string', 'the next try can go on from the note');
});

t.test('whoever may not ask for a task looks at what it did', async (t) => {
  const { wire, driver } = await world(t);
  const ct = ours(wire);
  ct.snapshots.push({ name: 'initial', description: '', snaptime: 1 });
  for (const status of [401, 403]) {
    ct.snapshots.push({ name: 'BAK01012026-1', description: '', snaptime: 2 });
    wire.answer('GET', /tasks.*status$/, { status, reason: 'Permission check failed' });
    // a token that is refused altogether has to be put right first: the next try goes on
    if (status === 401)
      await failsWith(
        t,
        'container_host_refused',
        driver.removeSnapshot(at, 'BAK01012026-1', call()),
        'refused',
      );
    await driver.removeSnapshot(at, 'BAK01012026-1', call());
    t.same(
      ct.snapshots.map(({ name }) => name),
      ['initial'],
      `${status}: it is gone, and told so`,
    );
  }
});

t.test('a task that does not end is a timeout, and an abort leaves it running', async (t) => {
  const { wire, driver } = await world(t, { task_timeout_s: 60 });
  const ct = ours(wire);
  const upid = wire.addTask('pve1', 'vzstart', '5001', 'OK', 10_000);
  wire.answer('POST', /start$/, { data: upid });
  await failsWith(t, 'container_host_timeout', driver.ensureStarted(at, call()), 'it took too long');
  const polls = wire.sent('GET', /tasks.*status$/).length;
  t.ok(polls < 60, `polled with growing pauses: ${polls} times in a minute`);
  const stop = new AbortController();
  const noting = notingCall({}, stop.signal);
  wire.answer('POST', /start$/, { data: upid });
  const stopping = { ...noting, note: async () => stop.abort(new Error('the daemon stops')) };
  const error = await failsWith(t, 'aborted', driver.ensureStarted(at, stopping), 'stopped');
  t.match(error.detail, upid);
  t.equal(wire.sent('DELETE', /tasks/).length, 0, 'nothing was cancelled');
  ct.running = true;
});

t.test('a config that another hand changed meanwhile is read again', async (t) => {
  const { wire, driver } = await world(t);
  const ct = ours(wire);
  wire.answer('PUT', /config$/, {
    status: 500,
    reason: 'detected modified configuration - file changed by other user? Try again.',
  });
  await driver.ensureResources(at, spec.resources, call());
  t.match(ct.config, { memory: '2048', cores: '2' });
});

t.test('settings that are written otherwise than they were sent are no success', async (t) => {
  const { wire, driver } = await world(t);
  const ct = ours(wire);
  const wanted = { cores: 2, memoryMb: 4096, swapMb: 512, diskGb: 8 };
  const puts = () => wire.sent('PUT', /config$/).length;
  // as a hook of somebody's would have it, that knows better
  wire.alter = () => (ct.config['memory'] = 1024 + puts());
  const error = await failsWith(
    t,
    'container_host_failed',
    driver.ensureResources(at, wanted, call()),
    'other',
  );
  t.match(error.detail, /memory=4096/);
  t.equal(puts(), 2);
  wire.alter = undefined;
  await driver.ensureResources(at, wanted, call());
});

t.test('a container that moved is found where it is', async (t) => {
  const { wire, driver } = await world(t);
  const ct = ours(wire);
  await driver.ensureStarted(at, call());
  ct.node = 'pve3';
  t.equal((await driver.find(at, call()))?.node, 'pve3');
  await driver.ensureStopped(at, 0, call());
  t.match(wire.sent('POST', /stop$/)[0]?.path, '/nodes/pve3/');
});

t.test('HA: a group on PVE 8, a rule of its own on PVE 9, out of the way for a rollback', async (t) => {
  const nine = await world(t);
  const ct = ours(nine.wire, { running: true });
  await nine.driver.ensureHa(at, call());
  t.match(nine.wire.haResources.get('ct:5001'), { state: 'started', comment: formatMark(mark) });
  t.match(nine.wire.haRules.get('innkeeper-ct-5001'), {
    type: 'node-affinity',
    resources: 'ct:5001',
    nodes: 'pve1,pve2',
  });
  ct.snapshots.push({ name: 'initial', description: '', snaptime: 1 });
  await nine.driver.rollback(at, 'initial', call());
  t.same(
    nine.wire.sent('PUT', /ha\/resources/).map(({ params }) => params['state']),
    ['ignored', 'stopped'],
  );
  nine.wire.taskEnds('vzrollback', 'CT is locked (backup)');
  await failsWith(t, 'container_host_busy', nine.driver.rollback(at, 'initial', call()), 'locked');
  t.equal(nine.wire.haResources.get('ct:5001')?.['state'], 'stopped', 'HA gets back what it had');
  await nine.driver.removeContainer(at, call());
  t.same([nine.wire.haResources.size, nine.wire.haRules.size, nine.wire.containers.has(5001)], [0, 0, false]);
  t.same(nine.wire.sent('DELETE', /lxc/)[0]?.params, { purge: '1', 'destroy-unreferenced-disks': '1' });

  const eight = await world(t, { ha: { enabled: true, nodes: ['pve1'], group: 'sites' } });
  eight.wire.release = '8.4.1';
  ours(eight.wire);
  await eight.driver.ensureHa(at, call());
  t.match(eight.wire.haResources.get('ct:5001'), { state: 'started', group: 'sites' });
  t.equal(eight.wire.sent('POST', /rules/).length, 0);
  ct.haState = 'error';
});

t.test('a rollback that was cut off gives HA back what it had before the first try', async (t) => {
  const { wire, driver } = await world(t);
  const ct = ours(wire, { running: true });
  await driver.ensureHa(at, call());
  ct.snapshots.push({ name: 'initial', description: '', snaptime: 1 });
  const cutOff = notingCall();
  wire.taskEnds('vzrollback', 'CT is locked (backup)');
  await failsWith(t, 'container_host_busy', driver.rollback(at, 'initial', cutOff), 'locked');
  t.match(cutOff.notes, { ha: 'started' });
  // as a death between the two changes leaves it
  wire.haResources.set('ct:5001', { ...wire.haResources.get('ct:5001'), state: 'ignored' });
  wire.taskEnds('vzrollback', 'CT is locked (backup)');
  await failsWith(
    t,
    'container_host_busy',
    driver.rollback(at, 'initial', notingCall(cutOff.notes)),
    'again',
  );
  t.equal(wire.haResources.get('ct:5001')?.['state'], 'started');
});

t.test('HA that gave up is said, not waited for', async (t) => {
  const { wire, driver } = await world(t);
  const ct = ours(wire);
  wire.haResources.set('ct:5001', { state: 'started' });
  const givesUp = (): void => {
    ct.haState = 'error';
  };
  wire.answer('POST', /start$/, { data: wire.addTask('pve1', 'hastart', '5001', 'OK', 2, givesUp) });
  const error = await failsWith(t, 'container_host_failed', driver.ensureStarted(at, call()), 'HA error');
  t.match(error.detail, /must disable the HA resource and fix/);
});

t.test('a container that HA has given up on is listed as such', async (t) => {
  const { wire, driver } = await world(t);
  const ct = ours(wire);
  const given = async (): Promise<boolean | undefined> =>
    (await driver.listContainers(call())).read.find(({ vmid }) => vmid === at.vmid)?.haError;
  t.equal(await given(), undefined, 'not managed');
  wire.haResources.set('ct:5001', { state: 'started', comment: formatMark(mark) });
  ct.haState = 'started';
  t.equal(await given(), undefined);
  ct.haState = 'error';
  t.equal(await given(), true);
});

t.test('HA is led out of its state "error" through `disabled`, whatever is asked for next', async (t) => {
  for (const [what, wanted, act] of [
    ['a start', ['disabled'], (driver) => driver.ensureStarted(at, call())],
    ['HA itself', ['disabled', 'started'], (driver) => driver.ensureHa(at, call())],
    ['a rollback', ['disabled', 'ignored', 'stopped'], (driver) => driver.rollback(at, 'initial', call())],
  ] as const satisfies readonly (readonly [
    string,
    readonly string[],
    (driver: GuestDriver) => Promise<unknown>,
  ])[]) {
    const { wire, driver } = await world(t);
    const ct = ours(wire);
    ct.snapshots.push({ name: 'initial', description: '', snaptime: 1 });
    wire.haResources.set('ct:5001', { state: 'started', comment: formatMark(mark) });
    ct.haState = 'error';
    await act(driver);
    const states = wire.sent('PUT', /ha\/resources/).map(({ params }) => params['state']);
    t.same(states, wanted, what);
    t.not(ct.haState, 'error', what);
  }
});

t.test('HA goes on ignoring a container that a failed rollback left locked', async (t) => {
  const { wire, driver } = await world(t);
  const ct = ours(wire, { running: true });
  await driver.ensureHa(at, call());
  ct.snapshots.push({ name: 'initial', description: '', snaptime: 1 });
  const failed = notingCall();
  const left = (): void => {
    ct.running = false;
    ct.config['lock'] = 'rollback';
  };
  const upid = wire.addTask(
    'pve1',
    'vzrollback',
    '5001',
    'zfs error: cannot rollback: dataset is busy',
    2,
    left,
  );
  wire.answer('POST', /rollback$/, { data: upid });
  await failsWith(t, 'container_host_busy', driver.rollback(at, 'initial', failed), 'in use');
  t.match(wire.haResources.get('ct:5001'), { state: 'ignored' });
  await failsWith(t, 'container_host_busy', driver.ensureHa(at, call()), 'locked, and stopped');
  t.match(wire.haResources.get('ct:5001'), { state: 'ignored' });

  // as `pct unlock` does it
  delete ct.config['lock'];
  await driver.rollback(at, 'initial', notingCall({ ha: failed.notes['ha'] ?? null }));
  t.match(wire.haResources.get('ct:5001'), { state: 'stopped' });
  await driver.ensureStarted(at, call());
  t.equal(ct.running, true);
});

t.test('a start that HA could not carry out is not asked of it', async (t) => {
  const { wire, driver } = await world(t);
  const ct = ours(wire, { config: { lock: 'rollback' } });
  wire.haResources.set('ct:5001', { state: 'stopped' });
  const error = await failsWith(t, 'container_host_busy', driver.ensureStarted(at, call()), 'locked');
  t.match(error.detail, /holds lock "rollback"/);
  t.equal(wire.sent('POST', /start$/).length, 0);
  delete ct.config['lock'];
  await driver.ensureStarted(at, call());
});

t.test('what was ours and lost its mark is for a person to decide', async (t) => {
  const { wire, driver } = await world(t);
  ours(wire, { config: { description: 'edited by hand', net0: `name=eth0,hwaddr=${macOf(mark)}` } });
  await failsWith(t, 'foreign_object', driver.removeContainer(at, call()), 'our address without our mark');
  ours(wire, { config: { description: formatMark({ ...mark, generation: 2 }) } });
  await driver.removeContainer(at, call());
  t.ok(wire.containers.has(at.vmid), 'a later generation is not touched');
});

t.test('a removal waits for a container that a lost request still makes', async (t) => {
  const { wire, driver, clock } = await world(t);
  let sleeps = 0;
  clock.meanwhile = () => {
    sleeps += 1;
    if (sleeps === 3) ours(wire);
  };
  await driver.removeContainer(at, notingCall({ unsure: clock.now() }));
  t.notOk(wire.containers.has(at.vmid));
  sleeps = Number.NEGATIVE_INFINITY;
  await driver.removeContainer(at, notingCall({ unsure: clock.now() - 60_000 }));
  t.equal(sleeps, Number.NEGATIVE_INFINITY, 'one of an hour ago is not waited for');
  wire.answer('POST', /clone$/, { drop: true }, 3);
  clock.meanwhile = undefined;
  await failsWith(t, 'container_host_timeout', driver.ensureContainer(spec, call()), 'three answers lost');
  sleeps = 0;
  clock.meanwhile = () => {
    sleeps += 1;
    if (sleeps === 3) ours(wire);
  };
  await driver.removeContainer(at, call());
  t.notOk(wire.containers.has(at.vmid), 'without any note, too');
  ours(wire, { config: { description: '', lock: 'create' } });
  await failsWith(
    t,
    'container_host_busy',
    driver.removeContainer(at, call()),
    'a nameless creation is not touched',
  );
  await failsWith(t, 'vmid_taken', driver.ensureContainer(spec, call()), 'nor waited for forever');
});

t.test('a virtual machine or an unseen container under the number', async (t) => {
  const { wire, driver } = await world(t);
  wire.answer('POST', /clone$/, { status: 500, reason: "VM 5001 already exists on node 'pve2'" });
  await failsWith(t, 'vmid_taken', driver.ensureContainer(spec, call()), 'taken');
});

t.test('addresses of virtual machines count too', async (t) => {
  const { wire, driver } = await world(t);
  wire.machines.set(700, {
    name: 'db',
    net0: 'virtio=BC:24:11:00:00:01,bridge=vmbr0',
    ipconfig0: 'ip=10.0.0.7/24,gw=10.0.0.1,ip6=auto',
  });
  wire.machines.set(701, {
    name: 'desk',
    net0: 'virtio=BC:24:11:00:00:02,bridge=vmbr0',
    ipconfig0: 'ip=dhcp',
  });
  const view = await driver.look(call());
  t.match(
    view.guests.filter(({ type }) => type === 'qemu'),
    [{ vmid: 700, node: 'pve2' }, { vmid: 701 }],
  );
  t.same([...(await driver.usedAddresses(call()))].sort(), ['10.0.0.7', '10.0.0.9']);
  wire.answer('GET', /qemu.700.config$/, { status: 403, reason: 'Permission check failed' });
  await driver.look(call());
  t.ok(
    (await driver.usedAddresses(call())).has('10.0.0.7'),
    'what cannot be read now keeps its last known address',
  );
});

t.test('addresses: new containers are read at once, known ones now and then', async (t) => {
  const { wire, driver } = await world(t);
  t.same([...(await driver.usedAddresses(call()))], ['10.0.0.9']);
  for (let index = 0; index < 40; index += 1) {
    wire.addContainer(600 + index, {
      config: { net0: `name=eth0,ip=10.9.0.${index}/24`, net1: 'name=eth1,ip=dhcp' },
    });
  }
  await driver.look(call());
  t.equal((await driver.usedAddresses(call())).size, 41);
  const before = wire.sent('GET', /config$/).length;
  await driver.look(call());
  await driver.usedAddresses(call());
  t.equal(wire.sent('GET', /config$/).length - before, 10);
  wire.answer('GET', /config$/, { status: 403, reason: 'Permission check failed' }, 10);
  await driver.look(call());
  t.equal((await driver.usedAddresses(call())).size, 41, 'what cannot be read keeps its last known address');
});
