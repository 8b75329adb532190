import t from 'tap';
import { startControl } from '../../../src/sandbox/control/control.js';
import { createFaults, parseFault } from '../../../src/sandbox/control/faults.js';
import type { Fault } from '../../../src/sandbox/environment.js';
import { fixture } from './fixture.js';

const CT = '/nodes/pve1/lxc/101';
const TEMPLATE = '/nodes/pve1/lxc/9001';
const clone = { newid: 101 };

t.test('faults strike in order, are counted and end', async (t) => {
  const faults = createFaults();
  faults.add({ target: 'pve', kind: { delayMs: 5 }, times: 2 });
  faults.add({ target: 'pve', method: 'POST', path: '/clone$', kind: { status: 500 }, times: 1 });
  const id = faults.add({ target: 'exec', path: '^wordpress/', kind: { drop: 'before' } });
  const at = { method: 'POST', path: `${TEMPLATE}/clone` };
  const strike = () => {
    const { delayMs, kind } = faults.strike('pve', at);
    return { delayMs, kind };
  };
  t.same(strike(), { delayMs: 5, kind: { status: 500 } }, 'delays add to what follows');
  t.same(strike(), { delayMs: 5, kind: undefined });
  t.same(strike(), { delayMs: 0, kind: undefined });
  t.same(faults.strike('exec', { path: 'wordpress/clean' }).kind, { drop: 'before' });
  t.same(faults.strike('exec', { path: 'other' }).kind, undefined);
  t.same(
    faults.list().map(({ struck }) => struck),
    [2, 1, 1],
  );
  t.equal(faults.remove(id), true);
  t.equal(faults.remove(id), false);
  t.throws(() => parseFault({ target: 'moon', kind: { down: true } }), RangeError);
  t.throws(() => parseFault({ target: 'pve', kind: { wrong: true } }), RangeError);
  t.throws(() => parseFault({ target: 'pve', path: '(', kind: { down: true } }), SyntaxError);
});

t.test('status, reason and errors; before or after the effect', async (t) => {
  const { ask, pve } = await fixture(t);
  const once = (kind: Fault['kind']) => pve.faults.add({ target: 'pve', method: 'POST', kind, times: 1 });
  once({ status: 400, reason: 'Parameter verification failed.', errors: { newid: 'no' } });
  const refused = await ask('POST', `${TEMPLATE}/clone`, clone);
  t.match(refused, { status: 400, reason: 'Parameter verification failed.', errors: { newid: 'no' } });
  t.equal(pve.containers().length, 3, 'nothing happened');
  once({ status: 596, reason: 'Connection timed out', after: true });
  t.equal((await ask('POST', `${TEMPLATE}/clone`, clone)).status, 596);
  t.equal(pve.containers().length, 4, 'delivered all the same');
});

t.test('a dropped connection, before or after the effect', async (t) => {
  const { ask, pve } = await fixture(t);
  for (const [drop, count] of [
    ['before', 3],
    ['after', 4],
  ] as const) {
    pve.faults.add({ target: 'pve', path: '/clone$', kind: { drop }, times: 1 });
    await t.rejects(ask('POST', `${TEMPLATE}/clone`, clone), /hang up|ECONNRESET/);
    t.equal(pve.containers().length, count);
  }
});

t.test('held locks answer where the real ones would', async (t) => {
  const { ask, task, pve, exit } = await fixture(t);
  await task('POST', `${TEMPLATE}/clone`, clone);
  const lock = (name: string) =>
    pve.faults.add({ target: 'pve', path: '/101', kind: { lock: name }, times: 1 });
  lock('config');
  t.equal(
    (await ask('PUT', `${CT}/config`, { memory: 512 })).reason,
    `can't lock file '/run/lock/lxc/pve-config-101.lock' - got timeout`,
  );
  lock('backup');
  t.equal((await ask('PUT', `${CT}/config`, { memory: 512 })).reason, 'CT is locked (backup)');
  lock('backup');
  t.equal(await exit(String((await ask('POST', `${CT}/status/start`)).data)), 'CT is locked (backup)');
  lock('storage');
  t.equal(
    await exit(String((await ask('POST', `${CT}/snapshot`, { snapname: 'x1' })).data)),
    `can't lock file '/var/lock/pve-manager/pve-storage-local-btrfs' - got timeout`,
  );
});

t.test('tasks that fail, fail after the work, take long, or lie', async (t) => {
  const { ask, task, pve, exit } = await fixture(t);
  const once = (kind: Fault['kind']) => pve.faults.add({ target: 'pve', method: 'POST', kind, times: 1 });
  once({ taskError: 'startup failed' });
  t.equal(await task('POST', `${TEMPLATE}/clone`, clone), 'startup failed');
  await task('DELETE', CT).catch(() => 'gone');
  once({ taskError: 'unexpected status', after: true });
  t.equal(await task('POST', `${TEMPLATE}/clone`, { newid: 102 }), 'unexpected status');
  t.match((await ask('GET', '/nodes/pve1/lxc/102/config')).data, { lock: undefined }, 'made all the same');
  once({ taskMs: 1500 });
  const upid = String((await ask('POST', '/nodes/pve1/lxc/102/status/start')).data);
  t.match((await ask('GET', `/nodes/pve1/tasks/${upid}/status`)).data, { status: 'running' });
  t.equal(await exit(upid), 'OK');
  once({ lie: true });
  t.equal(await task('POST', '/nodes/pve1/lxc/102/status/stop'), 'OK');
  t.match((await ask('GET', '/nodes/pve1/lxc/102/status/current')).data, { status: 'running' });
  pve.faults.add({ target: 'pve', method: 'PUT', kind: { lie: true }, times: 1 });
  t.equal((await ask('PUT', '/nodes/pve1/lxc/102/config', { memory: 4096 })).status, 200);
  t.match((await ask('GET', '/nodes/pve1/lxc/102/config')).data, { memory: 1024 });
});

t.test('a failed injected task leaves nothing locked', async (t) => {
  const { task, pve } = await fixture(t);
  pve.faults.add({ target: 'pve', path: '/clone$', kind: { taskError: 'clone failed: no space' }, times: 1 });
  t.equal(await task('POST', `${TEMPLATE}/clone`, clone), 'clone failed: no space');
  t.same(
    pve.containers().map(({ vmid, config }) => [vmid, config['lock']]),
    [9001, 9002, 9003].map((vmid) => [vmid, undefined]),
    'as the real worker cleans up behind itself',
  );
  t.equal(await task('POST', `${TEMPLATE}/clone`, clone), 'OK');
});

t.test('a host that is down, a body that breaks off, a body that drips', async (t) => {
  const { ask, pve } = await fixture(t);
  const id = pve.faults.add({ target: 'pve', kind: { down: true } });
  await t.rejects(ask('GET', '/version'), /ECONNRESET|hang up|disconnected/);
  pve.faults.remove(id);
  pve.faults.add({ target: 'pve', path: '^/nodes$', kind: { down: true }, times: 1 });
  await t.rejects(ask('GET', '/nodes'), /ECONNRESET|hang up/);
  t.equal((await ask('GET', '/nodes')).status, 200);
  pve.faults.add({ target: 'pve', kind: { cut: true }, times: 1 });
  await t.rejects(ask('GET', '/version'), /aborted|ECONNRESET/);
  pve.faults.add({ target: 'pve', kind: { dripMs: 1 }, times: 1 });
  t.match((await ask('GET', '/version')).data, { version: /^9/ });
});

t.test('the control endpoint adds, lists and removes faults and shows what happened', async (t) => {
  const { ask, pve } = await fixture(t);
  const routes = { 'GET /sites': () => ({ sites: [] }) };
  const control = await startControl({ faults: pve.faults, pve, routes });
  t.teardown(() => control.close());
  const call = async (method: string, path: string, body?: unknown): Promise<[number, unknown]> => {
    const reply = await fetch(`${control.url}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return [reply.status, await reply.json()];
  };
  const fault = { target: 'pve', path: '^/version$', kind: { status: 500, reason: 'no quorum?' }, times: 1 };
  t.same(await call('POST', '/faults', fault), [200, { id: '1' }]);
  t.equal((await ask('GET', '/version')).reason, 'no quorum?');
  t.match(await call('GET', '/faults'), [200, { faults: [{ id: '1', struck: 1 }] }]);
  t.match(await call('GET', '/requests?since=0'), [
    200,
    { requests: [{ n: 1, method: 'GET', path: '/version', status: 500 }] },
  ]);
  t.match(await call('GET', '/requests?since=1'), [200, { requests: [] }]);
  t.same(await call('GET', '/violations'), [200, { violations: [] }]);
  t.match(await call('GET', '/containers'), [200, { containers: { length: 3 } }]);
  t.match(await call('PUT', '/locks/9001/backup'), [200, { lock: 'backup' }]);
  t.equal((await ask('POST', `${TEMPLATE}/clone`, clone)).reason, 'CT is locked (backup)');
  t.match(await call('DELETE', '/locks/9001'), [200, { lock: null }]);
  t.same(await call('GET', '/sites'), [200, { sites: [] }]);
  t.match(await call('DELETE', '/faults/1'), [200, { faults: [] }]);
  t.match(await call('DELETE', '/faults'), [200, { faults: [] }]);
  t.equal((await call('POST', '/faults', { kind: {} }))[0], 400);
  t.equal((await call('GET', '/nope'))[0], 404);
});

t.test('a fault goes on from its first strike, and one that changed nothing is not counted', (t) => {
  const faults = createFaults();
  faults.add({ target: 'pve', method: 'POST', kind: { denied: true }, onward: true, times: 3 });
  const kinds = (...methods: string[]) => methods.map((method) => faults.strike('pve', { method }).kind);
  const denied = { denied: true };
  t.same(kinds('GET', 'POST', 'GET'), [undefined, denied, denied]);
  faults.strike('pve', { method: 'GET' }).missed?.();
  t.same(kinds('GET', 'GET'), [denied, undefined]);
  t.match(faults.list(), [{ struck: 3 }]);
  t.end();
});

t.test('a lock stays on the container that was asked for until somebody takes it away', async (t) => {
  const { ask, task, pve } = await fixture(t);
  await task('POST', `${TEMPLATE}/clone`, clone);
  const id = pve.faults.add({ target: 'pve', method: 'PUT', kind: { leftLock: 'disk' } });
  const change = () => ask('PUT', `${CT}/config`, { memory: 1024 });
  t.match(await change(), { status: 500, reason: 'CT is locked (disk)' });
  t.match(await change(), { status: 500, reason: 'CT is locked (disk)' });
  t.match(pve.faults.list(), [{ struck: 1 }], 'a lock that is there already is not another one');
  pve.faults.remove(id);
  t.match(await change(), { status: 500, reason: 'CT is locked (disk)' });
  pve.lock(101, undefined);
  t.match(await change(), { status: 200 });
});

t.test('a start checks the file system once, and the node answers 596 meanwhile', async (t) => {
  const { ask, task, pve } = await fixture(t, { proxyTimeoutMs: 30 });
  await task('POST', `${TEMPLATE}/clone`, clone);
  pve.faults.add({ target: 'pve', path: '/start$', kind: { mountCheckMs: 200 }, times: 1 });
  const starting = task('POST', `${CT}/status/start`);
  const { status } = await ask('GET', `${CT}/status/current`);
  while (!pve.requests.some(({ status: seen }) => seen === 596)) await ask('GET', `${CT}/status/current`);
  t.ok(status === 596 || status === 200);
  t.equal(await starting, 'OK');
  t.match(await ask('GET', `${CT}/status/current`), { status: 200, data: { status: 'running' } });
});

t.test('an outdated list that shows the present does not count', async (t) => {
  const { ask, task, pve } = await fixture(t);
  await task('POST', `${TEMPLATE}/clone`, clone);
  await pve.settle();
  pve.faults.add({ target: 'pve', path: '^/cluster/resources', kind: { outdated: true } });
  await ask('GET', '/cluster/resources');
  t.match(pve.faults.list(), [{ struck: 1 }]);
  await task('DELETE', CT);
  await pve.settle();
  // what it still has is gone, and its row with it
  await ask('GET', '/cluster/resources');
  t.match(pve.faults.list(), [{ struck: 1 }]);
});
