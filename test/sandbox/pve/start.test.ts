import { connect } from 'node:tls';
import { request as httpsRequest } from 'node:https';
import t from 'tap';
import { memoryBackend } from '../../../src/sandbox/memory/containers.js';
import { startPve } from '../../../src/sandbox/pve/start.js';
import { asker, certificate, field, fixture, TOKEN } from './fixture.js';
import { testFolder } from '../../test-folder.js';

const NET = 'name=eth0,bridge=vmbr0,ip=10.9.0.5/24,gw=10.9.0.1';
const CT = '/nodes/pve1/lxc/101';
const OS = 'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst';
const CREATE = { vmid: 101, ostemplate: OS, rootfs: 'local-btrfs:8', net0: NET };
const TEMPLATE = '/nodes/pve1/lxc/9001';

t.test('a clone of the template becomes a running container', async (t) => {
  const { ask, task, backend } = await fixture(t, { pools: ['innkeeper'] });
  const clone = { newid: 101, hostname: 'shop', description: 'innkeeper:a/b/c/1', pool: 'innkeeper' };
  t.equal(await task('POST', `${TEMPLATE}/clone`, clone), 'OK');
  const put = await ask('PUT', `${CT}/config`, { net0: NET, memory: 2048, cores: 2, tags: 'B;a' });
  t.equal(put.status, 200);
  t.equal(put.text, '{"data":null}');
  t.equal(await task('PUT', `${CT}/resize`, { disk: 'rootfs', size: '20G' }), 'OK');
  t.equal(await task('POST', `${CT}/status/start`), 'OK');
  const { data: config } = await ask('GET', `${CT}/config`);
  t.match(config, { hostname: 'shop', memory: 2048, tags: 'a;b', description: 'innkeeper:a/b/c/1\n' });
  t.match(
    String(field(config, 'net0')),
    /^name=eth0,bridge=vmbr0,gw=10.9.0.1,hwaddr=BC:24:11(:[0-9A-F]{2}){3},ip=10.9.0.5\/24,type=veth$/,
  );
  t.equal(
    field(config, 'rootfs'),
    'local-btrfs:101/vm-101-disk-0.raw,size=20G',
    'on btrfs a linked clone does not name its base',
  );
  t.match((await ask('GET', `${CT}/status/current`)).data, {
    status: 'running',
    vmid: 101,
    maxdisk: 20 * 1024 ** 3,
    ha: { managed: 0 },
  });
  t.ok(backend.upstreamOf('10.9.0.5'));
  t.match((await ask('GET', '/pools/innkeeper')).data, { members: [{ vmid: 101, node: 'pve1' }] });
  t.match((await ask('GET', `${CT}/interfaces`)).data, [{ name: 'lo' }, { inet: '10.9.0.5/24' }]);
});

t.test('answers look like those of the real server', async (t) => {
  const { ask } = await fixture(t);
  const version = await ask('GET', '/version');
  t.equal(version.headers['content-type'], 'application/json;charset=UTF-8');
  t.match(version.data, { version: /^9\.1/ });
  const unknown = await ask('GET', '/no/such/thing');
  t.equal(unknown.status, 501);
  t.equal(unknown.reason, `Method 'GET /no/such/thing' not implemented`);
  t.equal(unknown.text, `{"data":null,"message":"Method 'GET /no/such/thing' not implemented"}`);
  const missing = await ask('GET', `${CT}/config`);
  t.equal(missing.status, 500);
  t.equal(missing.reason, `Configuration file 'nodes/pve1/lxc/101.conf' does not exist`);
  t.equal(missing.text, `{"data":null,"message":"${missing.reason}\\n"}`);
  t.equal(missing.headers.connection, 'close', 'an error ends the connection');
  t.equal((await ask('GET', '/nodes/pve2/lxc/9001/config')).status, 500, 'the wrong node is no better');
  const nowhere = await ask('GET', '/nodes/pve9/lxc');
  t.match(nowhere.reason, /^hostname lookup 'pve9' failed - /);
  t.equal((await ask('GET', '/cluster/nextid')).data, '100');
});

t.test('8.4 puts the message into the reason phrase alone and has no HA rules', async (t) => {
  const { ask } = await fixture(t, { version: '8.4' });
  const missing = await ask('GET', `${CT}/config`);
  t.equal(missing.text, '{"data":null}');
  t.equal(missing.reason, `Configuration file 'nodes/pve1/lxc/101.conf' does not exist`);
  t.equal((await ask('GET', '/cluster/ha/rules')).status, 501);
  t.same((await ask('GET', '/cluster/ha/groups')).data, []);
  const bad = { authorization: `PVEAPIToken=${TOKEN.id}=wrong` };
  t.equal((await ask('GET', '/version', {}, { headers: bad })).reason, 'invalid token value!');
});

t.test('wrong credentials are told late, with an empty body', async (t) => {
  const { ask } = await fixture(t, { authDelayMs: 80 });
  for (const [authorization, reason] of [
    [`PVEAPIToken=${TOKEN.id}=wrong`, 'Authentication failed!'],
    [`PVEAPIToken=nobody@pve!xy=${TOKEN.secret}`, 'Authentication failed!'],
    ['PVEAPIToken=xyz', 'Authentication failed!'],
    ['Bearer x', 'No ticket'],
  ] as const) {
    const started = Date.now();
    const reply = await ask('GET', '/version', {}, { headers: { authorization } });
    t.same([reply.status, reply.reason, reply.text], [401, reason, '']);
    t.ok(Date.now() - started >= 75);
  }
  const { ask: limited } = await fixture(t, {
    grants: { privsep: false, user: { '/': ['VM.Audit'] }, token: {} },
  });
  const refused = await limited('POST', `${CT}/snapshot`, { snapname: '!' });
  t.equal(refused.reason, 'Permission check failed (/vms/101, VM.Snapshot)', 'before validation');
});

t.test('transfers that the real server does not take are refused', async (t) => {
  const { pve, ask } = await fixture(t);
  const headers = { authorization: `PVEAPIToken=${TOKEN.id}=${TOKEN.secret}` };
  const send = (method: string, body: string, extra: Record<string, string>): Promise<string> =>
    new Promise((resolve, reject) => {
      const request = httpsRequest(
        `${pve.url}/api2/json${CT}`,
        { method, rejectUnauthorized: false, agent: false, headers: { ...headers, ...extra } },
        (response) => {
          resolve(`${response.statusCode ?? 0} ${response.statusMessage ?? ''}`);
          response.resume();
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  t.equal(
    await send('POST', 'a=1', { 'transfer-encoding': 'chunked' }),
    '501 chunked transfer encoding not supported',
  );
  t.equal(
    await send('DELETE', 'purge=1', { 'content-length': '7' }),
    `501 Unexpected content for method 'DELETE'`,
  );
  t.equal(await send('POST', '', { 'content-length': String(513 * 1024) }), '501 for data too large');
  const { data } = await ask('GET', `${TEMPLATE}/config?current=0;x=1=2`);
  t.equal(data, null, 'a semicolon separates parameters');
});

t.test('a connection serves several requests and is closed when idle or after an error', async (t) => {
  const { pve } = await fixture(t);
  const socket = connect({ port: pve.port, host: '127.0.0.1', rejectUnauthorized: false });
  t.teardown(() => socket.destroy());
  let got = '';
  socket.setEncoding('utf8').on('data', (text: string) => (got += text));
  const ask = (path: string): boolean =>
    socket.write(
      `GET /api2/json${path} HTTP/1.1\r\nHost: x\r\nAuthorization: PVEAPIToken=${TOKEN.id}=${TOKEN.secret}\r\n\r\n`,
    );
  const until = async (pattern: RegExp): Promise<void> => {
    while (!pattern.test(got)) await new Promise((resolve) => void setTimeout(resolve, 2));
    got = '';
  };
  ask('/version');
  await until(/HTTP\/1\.1 200 OK\r\nDate: [^\r]+\r\nConnection: Keep-Alive[\s\S]*"data"/);
  const closed = new Promise((resolve) => void socket.on('close', resolve));
  ask('/nope');
  await until(/HTTP\/1\.1 501 Method 'GET \/nope' not implemented\r\nDate: [^\r]+\r\nConnection: close/);
  await closed;
});

t.test('parameters are checked with the words of the real schema', async (t) => {
  const { ask } = await fixture(t);
  const errors = async (method: string, path: string, values: Record<string, string>): Promise<unknown> => {
    const reply = await ask(method, path, values);
    t.same([reply.status, reply.reason], [400, 'Parameter verification failed.']);
    return reply.errors;
  };
  t.same(await errors('POST', `${TEMPLATE}/clone`, {}), {
    newid: 'property is missing and it is not optional',
  });
  t.same(await errors('POST', `${TEMPLATE}/clone`, { newid: '101', full: 'true', nope: '1' }), {
    full: `type check ('boolean') failed - got 'true'`,
    nope: 'property is not defined in schema and the schema does not allow additional properties',
  });
  t.same(await errors('POST', `${CT}/snapshot`, { snapname: 'a'.repeat(41) }), {
    snapname: 'value may only be 40 characters long',
  });
  t.same(await errors('PUT', `${CT}/resize`, { disk: 'rootfs', size: 'big' }), {
    size: 'value does not match the regex pattern',
  });
  t.same(await errors('PUT', `${CT}/config`, { hostname: 'a_b', memory: '8' }), {
    hostname: 'invalid format - value does not look like a valid DNS name\n',
    memory: 'value must have a minimum value of 16',
  });
  t.same(await errors('PUT', `${CT}/config`, { net0: 'bridge=vmbr0,foo=1,ip=10.0.0.1' }), {
    net0: [
      'invalid format - format error',
      'net0.foo: property is not defined in schema and the schema does not allow additional properties',
      'net0.ip: invalid format - value does not look like a valid ipv4 network configuration\n',
      'net0.name: property is missing and it is not optional',
      '',
    ].join('\n'),
  });
  t.same(await errors('POST', '/nodes/pve1/lxc', { ...CREATE, vmid: '5', password: 'abc' }), {
    vmid: 'invalid format - value does not look like a valid VM ID\n',
    password: 'value must be at least 5 characters long',
  });
  t.same(await errors('POST', '/nodes/pve1/lxc', { vmid: '101', ostemplate: OS, unique: '1' }), {
    restore: `missing property - 'unique' requires this property`,
  });
});

t.test('create: what is told at once and what only by the task', async (t) => {
  const { ask, task } = await fixture(t);
  t.equal(await task('POST', '/nodes/pve1/lxc', CREATE), 'OK');
  t.match((await ask('GET', `${CT}/config`)).data, {
    unprivileged: 1,
    rootfs: 'local-btrfs:101/vm-101-disk-0.raw,size=8G',
  });
  const twice = await ask('POST', '/nodes/pve2/lxc', CREATE);
  t.equal(twice.reason, `CT 101 already exists on node 'pve1'`);
  const other = { ...CREATE, vmid: 102 };
  t.equal(
    (await ask('POST', '/nodes/pve1/lxc', { ...other, rootfs: 'nowhere:8' })).reason,
    `storage 'nowhere' does not exist`,
  );
  t.same((await ask('POST', '/nodes/pve1/lxc', { ...other, rootfs: 'local:8' })).errors, {
    storage: `storage 'local' does not support container directories`,
  });
  t.match((await ask('POST', '/nodes/pve1/lxc', { ...other, rootfs: 'local-btrfs:8G' })).status, 500);
  t.equal(
    (await ask('POST', '/nodes/pve1/lxc', { ...other, features: 'nesting=1,keyctl=1' })).status,
    403,
    'a token may set no feature but nesting',
  );
  const exit = await task('POST', '/nodes/pve1/lxc', { ...other, ostemplate: 'local:vztmpl/none.tar.zst' });
  t.match(exit, /^unable to create CT 102 - volume 'local:vztmpl\/none.tar.zst' does not exist$/);
  t.equal((await ask('GET', '/nodes/pve1/lxc/102/config')).status, 500, 'nothing is left of it');
});

t.test('power: what is told at once and what only by the task', async (t) => {
  const { ask, task, pve } = await fixture(t);
  await task('POST', `${TEMPLATE}/clone`, { newid: 101 });
  t.equal((await ask('POST', `${CT}/status/stop`)).reason, 'CT 101 not running');
  t.equal((await ask('POST', `${CT}/status/shutdown`)).reason, 'CT 101 not running');
  t.equal((await ask('POST', `${CT}/status/reboot`)).reason, 'VM 101 not running');
  pve.lock(101, 'backup');
  t.equal(await task('POST', `${CT}/status/start`), 'CT is locked (backup)');
  t.equal((await ask('PUT', `${CT}/config`, { memory: 512 })).reason, 'CT is locked (backup)');
  pve.lock(101, undefined);
  t.equal(await task('POST', `${CT}/status/start`), 'OK');
  t.equal((await ask('POST', `${CT}/status/start`)).reason, 'CT 101 already running');
  t.equal(await task('POST', `${CT}/status/reboot`), 'OK');
  t.equal(await task('POST', `${CT}/status/shutdown`, { forceStop: 1 }), 'OK');
  t.equal(await task('POST', `${TEMPLATE}/status/start`), `you can't start a CT if it's a template`);
});

t.test('config: digest, read-only keys, deletes; resize only grows', async (t) => {
  const { ask, task } = await fixture(t);
  await task('POST', '/nodes/pve1/lxc', { ...CREATE, tags: 'x' });
  const { data } = await ask('GET', `${CT}/config`);
  const digest = String(field(data, 'digest'));
  t.equal((await ask('PUT', `${CT}/config`, { cores: 2, delete: 'tags', digest })).status, 200);
  t.notMatch((await ask('GET', `${CT}/config`)).data, { tags: 'x' });
  t.match(
    (await ask('PUT', `${CT}/config`, { cores: 3, digest })).reason,
    /^detected modified configuration - file changed by other user\?/,
  );
  t.match((await ask('PUT', `${CT}/config`, { unprivileged: 0 })).reason, /read-only option: 'unprivileged'/);
  const resize = (size: string) => ask('PUT', `${CT}/resize`, { disk: 'rootfs', size });
  t.equal((await resize('4G')).reason, 'unable to shrink disk size');
  t.equal((await resize('8G')).reason, 'disk is already at specified size');
  t.equal(await task('PUT', `${CT}/resize`, { disk: 'rootfs', size: '+2G' }), 'OK');
  t.match(field((await ask('GET', `${CT}/config`)).data, 'rootfs'), /size=10G$/);
  t.equal((await ask('PUT', `${CT}/firewall/options`, { enable: 1, ipfilter: 1 })).status, 200);
  t.match((await ask('GET', `${CT}/firewall/options`)).data, { enable: 1, ipfilter: 1 });
});

t.test('a clone holds the lock "disk" on its source for the whole task', async (t) => {
  const { ask, exit, pve } = await fixture(t, { delays: 0.2, haMs: 5000 });
  const first = await ask('POST', `${TEMPLATE}/clone`, { newid: 101 });
  t.equal(first.status, 200);
  t.equal((await ask('POST', `${TEMPLATE}/clone`, { newid: 102 })).reason, 'CT is locked (disk)');
  t.match((await ask('GET', `${CT}/config`)).data, { lock: 'create' });
  t.equal(await exit(String(first.data)), 'OK');
  t.equal(pve.containers().find(({ vmid }) => vmid === 9001)?.config['lock'], undefined);
  t.equal(
    (await ask('POST', `${TEMPLATE}/clone`, { newid: 101 })).reason,
    `CT 101 already exists on node 'pve1'`,
  );
  t.match(
    (await ask('POST', `${TEMPLATE}/clone`, { newid: 103, target: 'pve2' })).reason,
    /^can't clone CT to node 'pve2' \(CT uses local storage\)$/,
  );
  t.equal(
    (await ask('POST', `${TEMPLATE}/clone`, { newid: 103, target: 'pve9' })).reason,
    `no such cluster node 'pve9'`,
  );
  const linked = await ask('POST', `${CT}/clone`, { newid: 103, full: 0 });
  t.equal(await exit(String(linked.data)), 'OK', 'btrfs makes linked clones of any container');
});

t.test('snapshots: nearly everything is told only by the task', async (t) => {
  const { ask, task, backend } = await fixture(t);
  await task('POST', `${TEMPLATE}/clone`, { newid: 101 });
  t.match((await ask('POST', `${CT}/snapshot`, { snapname: 'current' })).reason, /reserved name/);
  t.equal(await task('POST', `${CT}/snapshot`, { snapname: 'initial', description: 'mark' }), 'OK');
  t.equal(
    await task('POST', `${CT}/snapshot`, { snapname: 'initial' }),
    `snapshot name 'initial' already used`,
  );
  t.equal(await task('POST', `${CT}/snapshot`, { snapname: 'BAK11122025-1' }), 'OK');
  t.match((await ask('GET', `${CT}/snapshot`)).data, [
    { name: 'initial', description: 'mark\n', snaptime: Number },
    { name: 'BAK11122025-1', parent: 'initial' },
    { name: 'current', parent: 'BAK11122025-1', description: 'You are here!' },
  ]);
  await ask('PUT', `${CT}/config`, { memory: 4096 });
  t.equal(await task('POST', `${CT}/status/start`), 'OK');
  t.equal(await task('POST', `${CT}/snapshot/initial/rollback`), 'OK');
  t.equal(await backend.isRunning(101), false, 'a rollback stops the container');
  t.match(
    (await ask('GET', `${CT}/config`)).data,
    { memory: 1024, parent: 'initial' },
    'and the old config is back',
  );
  t.equal(await task('POST', `${CT}/snapshot/none/rollback`), `snapshot 'none' does not exist`);
  t.equal(await task('DELETE', `${CT}/snapshot/none`), `snapshot 'none' does not exist`);
  t.equal(await task('DELETE', `${CT}/snapshot/initial`), 'OK');
  const { data } = await ask('GET', `${CT}/snapshot`);
  t.match(data, [{ name: 'BAK11122025-1' }, { name: 'current' }]);
  t.equal(
    await task('POST', '/nodes/pve1/lxc/102/snapshot', { snapname: 'x1' }),
    `Configuration file 'nodes/pve1/lxc/102.conf' does not exist`,
  );
});

t.test('storages differ in what they can', async (t) => {
  const storages = [
    { storage: 'local', type: 'dir', content: ['vztmpl', 'rootdir'] },
    { storage: 'tank', type: 'zfspool', content: ['rootdir'] },
  ] as const;
  const { ask, task } = await fixture(t, { storages, templates: [] });
  await task('POST', '/nodes/pve1/lxc', { ...CREATE, rootfs: 'local:8' });
  t.equal(await task('POST', `${CT}/snapshot`, { snapname: 's1' }), 'snapshot feature is not available');
  t.match((await ask('GET', `${CT}/feature`, { feature: 'snapshot' })).data, { hasFeature: 0 });
  await task('POST', '/nodes/pve1/lxc', { ...CREATE, vmid: 102, rootfs: 'tank:8' });
  const other = '/nodes/pve1/lxc/102';
  await task('POST', `${other}/snapshot`, { snapname: 's1' });
  await task('POST', `${other}/snapshot`, { snapname: 's2' });
  t.match(
    await task('POST', `${other}/snapshot/s1/rollback`),
    /^can't rollback, 's1' is not most recent snapshot on 'tank:vm-102-disk-0'$/,
  );
  t.equal(await task('POST', `${other}/snapshot/s2/rollback`), 'OK');
});

t.test('destroy: refusals come at once', async (t) => {
  const { ask, task } = await fixture(t);
  await task('POST', `${TEMPLATE}/clone`, { newid: 101 });
  await task('POST', `${CT}/status/start`);
  t.equal((await ask('DELETE', CT)).reason, 'unable to destroy CT 101 - container is running');
  await task('POST', `${CT}/status/stop`);
  await ask('PUT', `${CT}/config`, { protection: 1 });
  t.equal((await ask('DELETE', CT)).reason, `can't remove CT 101 - protection mode enabled`);
  await ask('PUT', `${CT}/config`, { delete: 'protection' });
  t.equal((await ask('POST', '/cluster/ha/resources', { sid: 'ct:101', state: 'stopped' })).status, 200);
  t.equal(
    (await ask('DELETE', CT)).reason,
    'unable to remove CT 101 - used in HA resources and purge parameter not set.',
  );
  t.equal(await task('DELETE', CT, { purge: 1 }), 'OK');
  t.equal((await ask('GET', '/cluster/ha/resources/ct:101')).reason, `no such resource 'ct:101'`);
  t.equal((await ask('DELETE', CT)).reason, `Configuration file 'nodes/pve1/lxc/101.conf' does not exist`);
});

t.test('turning a container into a template answers null and goes on in a task', async (t) => {
  const { ask, task, exit } = await fixture(t);
  await task('POST', '/nodes/pve1/lxc', { ...CREATE, hostname: 'golden' });
  t.equal((await ask('POST', `${CT}/template`)).data, null);
  const { data } = await ask('GET', '/nodes/pve1/tasks', {
    source: 'all',
    vmid: 101,
    typefilter: 'vztemplate',
  });
  t.equal(await exit(String(field(Array.isArray(data) ? data[0] : undefined, 'upid'))), 'OK');
  t.match((await ask('GET', `${CT}/config`)).data, {
    template: 1,
    rootfs: 'local-btrfs:101/base-101-disk-0.raw,size=8G',
  });
  t.equal((await ask('POST', `${CT}/template`)).reason, `you can't convert a template to a template`);
});

t.test('tasks have a UPID, a status, a log, and can be stopped', async (t) => {
  const { ask, exit } = await fixture(t, { delays: 0.2, haMs: 5000 });
  const upid = String((await ask('POST', '/nodes/pve1/lxc', CREATE)).data);
  t.match(upid, /^UPID:pve1:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:vzcreate:101:innkeeper@pve!agent:$/);
  const at = `/nodes/pve1/tasks/${encodeURIComponent(upid)}`;
  t.match((await ask('GET', `${at}/status`)).data, {
    ...{ status: 'running', type: 'vzcreate', id: '101' },
    ...{ user: 'innkeeper@pve', tokenid: 'agent' },
  });
  t.notMatch((await ask('GET', `${at}/status`)).data, { exitstatus: String });
  t.match((await ask('GET', '/nodes/pve1/tasks', { source: 'active' })).data, [{ upid }]);
  t.same((await ask('GET', '/nodes/pve1/tasks')).data, [], 'the archive holds only what ended');
  t.equal((await ask('DELETE', at)).status, 200);
  t.equal(await exit(upid), 'unable to create CT 101 - received interrupt');
  const { data: log } = await ask('GET', `${at}/log`, { limit: 0 });
  t.match(log, [{ n: 1, t: /allocating/ }, { n: 2 }, { n: 3, t: /^TASK ERROR: / }]);
  t.same((await ask('GET', '/nodes/pve1/tasks/UPID:x/status')).errors, {
    upid: 'unable to parse worker upid',
  });
  const gone = upid.replace('vzcreate', 'vzstart');
  t.same((await ask('GET', `/nodes/pve1/tasks/${encodeURIComponent(gone)}/status`)).errors, {
    upid: 'no such task',
  });
});

t.test('HA: requests end at once, the manager acts later and puts back what others changed', async (t) => {
  const { ask, task, exit, pve, backend } = await fixture(t, { haMs: 60_000 });
  await task('POST', `${TEMPLATE}/clone`, { newid: 101 });
  t.equal(
    (await ask('POST', '/cluster/ha/resources', { sid: 'ct:102' })).reason,
    `resource 'ct:102' does not exist in cluster`,
  );
  await ask('POST', '/cluster/ha/resources', { sid: 'ct:101', state: 'stopped' });
  t.equal(
    (await ask('POST', '/cluster/ha/resources', { sid: '101' })).reason,
    `create resource failed: resource ID 'ct:101' already defined`,
  );
  await pve.settle();
  const start = await ask('POST', `${CT}/status/start`);
  t.match(start.data, /:hastart:101:/);
  t.equal(await exit(String(start.data)), 'OK');
  t.equal(await backend.isRunning(101), false, 'only requested');
  await pve.settle();
  t.equal(await backend.isRunning(101), true);
  t.match((await ask('GET', `${CT}/status/current`)).data, { ha: { managed: 1, state: 'started' } });
  await backend.stop(101);
  await pve.settle();
  t.equal(await backend.isRunning(101), true, 'started again by the manager');

  pve.lock(101, 'rollback');
  await backend.stop(101);
  for (let round = 0; round < 4; round += 1) await pve.settle();
  t.match((await ask('GET', `${CT}/status/current`)).data, { ha: { state: 'error' } });
  pve.lock(101, undefined);
  t.equal(
    (await ask('PUT', '/cluster/ha/resources/ct:101', { state: 'started' })).reason,
    `service 'ct:101' in error state, must be disabled and fixed first`,
  );
  await ask('PUT', '/cluster/ha/resources/ct:101', { state: 'disabled' });
  await pve.settle();
  await ask('PUT', '/cluster/ha/resources/ct:101', { state: 'ignored' });
  t.match((await ask('GET', `${CT}/status/current`)).data, { ha: { managed: 0 } });
  t.match((await ask('POST', `${CT}/status/start`)).data, /:vzstart:101:/, 'ignored: not managed');
  t.equal((await ask('DELETE', '/cluster/ha/resources/ct:101')).status, 200);
});

t.test('HA rules in 9.x: node affinity over managed resources; groups are gone', async (t) => {
  const { ask, task } = await fixture(t);
  t.equal(
    (await ask('GET', '/cluster/ha/groups')).reason,
    'cannot index groups: ha groups have been migrated to rules',
  );
  await task('POST', `${TEMPLATE}/clone`, { newid: 101 });
  const rule = { rule: 'innkeeper', type: 'node-affinity', nodes: 'pve1:2,pve2', resources: 'ct:101' };
  t.match((await ask('POST', '/cluster/ha/rules', rule)).reason, /unmanaged resource\(s\) ct:101/);
  await ask('POST', '/cluster/ha/resources', { sid: 'ct:101', state: 'stopped' });
  t.equal((await ask('POST', '/cluster/ha/rules', rule)).status, 200);
  t.match((await ask('GET', '/cluster/ha/rules')).data, [{ ...rule, order: 1, digest: String }]);
  t.match(
    (await ask('POST', '/cluster/ha/rules', { ...rule, rule: 'two' })).reason,
    /^create ha rule failed: 400 Rule 'two' is invalid/,
  );
  await ask('DELETE', '/cluster/ha/resources/ct:101');
  t.same((await ask('GET', '/cluster/ha/rules')).data, [], 'a rule without resources goes with its last');
});

t.test('the cluster list is a little behind; the status is not', async (t) => {
  const { ask, task, pve } = await fixture(t, { statsMs: 60_000 });
  await task('POST', `${TEMPLATE}/clone`, { newid: 101, hostname: 'shop' });
  const seen = async (): Promise<unknown> => {
    const { data } = await ask('GET', '/cluster/resources', { type: 'vm' });
    return Array.isArray(data) ? data.find((each) => field(each, 'vmid') === 101) : undefined;
  };
  t.match(await seen(), { id: 'lxc/101', node: 'pve1', status: 'unknown' });
  await task('POST', `${CT}/status/start`);
  await pve.settle();
  t.match(await seen(), { status: 'running', name: 'shop', template: 0, uptime: Number, maxmem: 2 ** 30 });
  const { data } = await ask('GET', '/cluster/resources');
  t.match(data, Array);
  const types = Array.isArray(data) ? data.map((each) => field(each, 'type')) : [];
  for (const type of ['lxc', 'node', 'storage']) t.ok(types.includes(type), type);
  t.match((await ask('GET', '/nodes/pve1/storage/local/content', { content: 'vztmpl' })).data, [
    { volid: OS },
  ]);
});

t.test('a node that is cut off: its calls fail with 595, its guests keep their last figures', async (t) => {
  const { ask, pve } = await fixture(t);
  pve.setOnline('pve2', false);
  t.equal((await ask('GET', '/nodes/pve2/lxc')).status, 595);
  const { data } = await ask('GET', '/cluster/resources');
  t.match(data, Array);
  const all: unknown[] = Array.isArray(data) ? data : [];
  const found = (id: string) => all.find((each) => field(each, 'id') === id);
  t.match(found('node/pve2'), { status: 'offline' });
  t.match(found('lxc/9002'), { status: 'stopped', name: 'innkeeper-wordpress' });
  pve.setOnline('pve2', true);
  t.equal((await ask('GET', '/nodes/pve2/lxc')).status, 200);
});

t.test('a killed world is taken up again: containers stay, its tasks are "unexpected status"', async (t) => {
  const folder = testFolder(t);
  const files = { stateFile: `${folder}/pve.json` };
  const backend = await memoryBackend({ stateFile: `${folder}/memory.json` });
  const options = { ...files, backend, tls: await certificate(), token: TOKEN, schemaDir: '' };
  const first = await startPve({ ...options, delays: 0.3 });
  const ask = asker(first.url);
  await ask('POST', '/cluster/ha/groups', { group: 'x' });
  const kept = String((await ask('POST', `${TEMPLATE}/clone`, { newid: 101 })).data);
  while (first.tasks().some(({ status }) => status === 'running'))
    await new Promise((resolve) => void setTimeout(resolve, 5));
  const cut = String((await ask('POST', `${TEMPLATE}/clone`, { newid: 102 })).data);
  // what a kill would leave is what is on disk now
  const second = await startPve({ ...options, delays: 0 });
  t.teardown(async () => {
    await first.close();
    await second.close();
    await backend.close();
  });
  const exits = Object.fromEntries(second.tasks().map(({ upid, exitstatus }) => [upid, exitstatus]));
  t.equal(exits[kept], 'OK');
  t.equal(exits[cut], 'unexpected status');
  const left = second.containers().map(({ vmid, config }) => [vmid, config['lock']]);
  t.same(
    left,
    [101, 9001, 9002, 9003].map((vmid) => [vmid, undefined]),
  );
});
