import { appendFile, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { limitOf } from '../../../src/http/guards/access.js';
import type { AuditEntry } from '../../../src/state/contract.js';
import { openState } from '../../../src/state/open.js';
import { fields, makeRig, ORDER, type Rig } from '../harness.js';
import { toldClock } from '../../fakes/told-clock.js';
import { testFolder } from '../../test-folder.js';

async function lines(rig: Rig): Promise<Record<string, unknown>[]> {
  const folder = join(rig.dir, 'audit');
  const names = await readdir(folder).catch(() => []);
  const texts = await Promise.all(names.sort().map((name) => readFile(join(folder, name), 'utf8')));
  return texts
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => fields(JSON.parse(line)));
}

/** What changed nothing is written a moment after its answer. */
async function until(
  rig: Rig,
  right: (all: readonly Record<string, unknown>[]) => boolean,
): Promise<Record<string, unknown>[]> {
  for (;;) {
    const found = await lines(rig);
    if (right(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const entriesOf = (body: Record<string, unknown>): Record<string, unknown>[] =>
  Array.isArray(body['entries']) ? body['entries'].map(fields) : [];

t.test(
  'every changing call stands on the disk before its answer goes out: who, what, from where, and what became of it',
  async (t) => {
    const rig = await makeRig();
    t.teardown(() => rig.close());
    const made = await rig.call('POST', '/create-site', ORDER);
    t.match(await lines(rig), [
      {
        ...{
          door: 'network',
          who: { token: 'panel', token_id: /^tok_/ },
          panel: 'default',
          from: '127.0.0.1',
        },
        ...{ method: 'POST', route: '/create-site', service_id: '12345', job_id: made.body['job_id'] },
        ...{
          status: 202,
          code: null,
          request_id: made.headers['x-request-id'],
          at: '2026-03-01T12:00:00.000Z',
        },
      },
    ]);
    const [name = ''] = await readdir(join(rig.dir, 'audit'));
    t.equal((await stat(join(rig.dir, 'audit', name))).mode & 0o777, 0o600);
    t.equal((await stat(join(rig.dir, 'audit'))).mode & 0o777, 0o700);

    await rig.call('GET', '/status?service_id=12345');
    await rig.call('POST', '/wp/upgrade/check', { service_id: '12345', plan: 'premium' });
    await rig.call('POST', '/panel/sync', []);
    await rig.call('POST', '/nowhere', {});
    t.equal((await lines(rig)).length, 1, 'questions are not written down');
    await rig.call('GET', '/services/12345/credentials');
    await rig.call('POST', '/create-site', { ...ORDER, plan: 'gold', service_id: '9' });
    await rig.call('POST', '/create-site', { ...ORDER, email: 'hunter2-secret' });
    const four = await until(rig, ({ length }) => length >= 4);
    t.match(four.slice(1), [
      { route: '/services/:id/credentials', service_id: '12345', status: 409 },
      { service_id: '9', status: 400, code: 'unknown_plan' },
      { service_id: '12345', status: 400, code: 'invalid_request' },
    ]);
    t.notMatch(JSON.stringify(await lines(rig)), /hunter2/, 'nothing of bodies but ids');
  },
);

t.test(
  'the refused stand in it too, with the address behind a trusted proxy, and a flood of them is counted',
  async (t) => {
    const rig = await makeRig();
    const knock = (remoteAddress: string, headers = {}) =>
      rig.app.inject({ method: 'POST', url: '/delete-site', remoteAddress, headers, payload: {} });
    await knock('192.0.2.1', { 'x-forwarded-for': '198.51.100.9' });
    await knock('203.0.113.8', { 'x-forwarded-for': '198.51.100.9', authorization: 'Bearer ik_guess' });
    await rig.call('POST', '/create-site', ORDER, rig.tokens.reader);
    t.match(await until(rig, ({ length }) => length >= 3), [
      {
        who: null,
        panel: null,
        from: '198.51.100.9',
        route: '/delete-site',
        status: 401,
        code: 'unauthorized',
      },
      { who: null, from: '203.0.113.8', status: 401 },
      { who: { token: 'reader' }, status: 403, code: 'forbidden' },
    ]);
    for (let n = 0; n < 30; n += 1) await knock('203.0.113.99');
    rig.behaviour.now += 61_000;
    await knock('203.0.113.99');
    const found = (await until(rig, ({ length }) => length >= 15)).filter(
      ({ from }) => from === '203.0.113.99',
    );
    t.equal(found.length, 12);
    t.match(
      found.filter(({ count }) => count !== undefined),
      [{ status: 401, count: 20 }],
    );
    await rig.close();
  },
);

t.test(
  'an answer that is given again is told from the first, and the command line tells who sat there',
  async (t) => {
    const rig = await makeRig();
    t.teardown(() => rig.close());
    const post = () =>
      rig.app.inject({
        ...{ method: 'POST', url: '/create-site', payload: ORDER },
        headers: { authorization: `Bearer ${rig.tokens.panel}`, 'idempotency-key': 'k1' },
      });
    await post();
    await post();
    const socket = await rig.beside('socket');
    await socket.inject({
      method: 'POST',
      url: '/tokens',
      payload: { name: 'x' },
      headers: { 'innkeeper-user': '1000 anna' },
    });
    await socket.inject({
      method: 'DELETE',
      url: '/tokens/x',
      headers: { 'innkeeper-user': '0 root\r\nevil' },
    });
    const [first, again, made, revoked] = await lines(rig);
    t.notOk(first && 'replayed' in first);
    t.match(again, { replayed: true, status: 202, job_id: first?.['job_id'] });
    t.match(made, {
      door: 'socket',
      who: { uid: 1000, user: 'anna' },
      from: null,
      route: '/tokens',
      status: 201,
    });
    t.match(revoked, { who: { uid: null, user: null }, route: '/tokens/:id' });
  },
);

t.test(
  'orders that are answered from the record are counted, so that no token fills the disk with them',
  async (t) => {
    const rig = await makeRig();
    const soon = { prefer: 'respond-async' };
    const send = (url: string, payload: object) =>
      rig.app.inject({
        ...{ method: 'POST', url, payload },
        headers: { authorization: `Bearer ${rig.tokens.panel}`, ...soon },
      });
    const calls: [string, object][] = [
      ['/create-site', ORDER],
      ['/suspend', { service_id: '12345' }],
      ['/delete-site', { service_id: '12345' }],
    ];
    for (const [url, body] of calls)
      for (let n = 0; n < 30; n += 1) t.equal((await send(url, body)).statusCode, 202);
    const countOf = (all: readonly Record<string, unknown>[]): number =>
      all.reduce((sum, { count }) => sum + Number(count ?? 1), 0);
    // what was counted is written when the minute is over
    rig.behaviour.now += 61_000;
    await send('/suspend', {});
    const written = await until(rig, (all) => countOf(all) >= 91);
    const first = written.filter(({ count }) => count === undefined);
    for (const [route] of calls)
      t.ok(
        first.some((line) => line['route'] === route),
        `${route}: the first stands by itself`,
      );
    t.equal(countOf(written), 91, 'none is lost');
    t.ok(written.length <= 3 + 10 + 1 + 1, `${written.length} lines`);
    await rig.close();
  },
);

t.test(
  'a password that is read leaves a line each time, so it may not be read as often as other things',
  (t) => {
    t.equal(limitOf('GET', '/services/:id/credentials'), 'actions');
    t.equal(limitOf('GET', '/services/:id'), 'reads');
    t.end();
  },
);

t.test('it is read by panel, service and time, page by page, by operators only', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  await rig.call('POST', '/create-site', ORDER);
  await rig.call('POST', '/create-site', { ...ORDER, service_id: '5' }, rig.tokens.staging);
  rig.behaviour.now += 86_400_000;
  await rig.call('POST', '/suspend', { service_id: '12345' });
  const ask = async (query: string, token = rig.tokens.admin) =>
    rig.call('GET', `/audit${query}`, undefined, token);
  t.match(entriesOf((await ask('')).body), [
    { route: '/create-site', token: 'panel' },
    { route: '/suspend' },
  ]);
  t.equal(entriesOf((await ask('')).body).length, 2, "another panel's are not shown");
  t.match(entriesOf((await ask('?since=2026-03-02T00:00:00Z')).body), [{ route: '/suspend' }]);
  t.same(entriesOf((await ask('?service_id=5')).body), []);
  const page = await ask('?limit=1');
  t.match(entriesOf(page.body), [{ route: '/create-site' }]);
  const rest = await ask(`?limit=1&cursor=${String(page.body['next_cursor'])}`);
  t.match(entriesOf(rest.body), [{ route: '/suspend' }]);
  t.match(await ask('?panel=staging'), { status: 403 });
  t.match(await ask('?cursor=nonsense'), { status: 400 });
  t.match(await ask('', rig.tokens.panel), { status: 403 });
  const socket = await rig.beside('socket');
  const all = fields((await socket.inject({ url: '/audit' })).json());
  t.equal(entriesOf(all).length, 3, 'the operator sees all panels');
  const staging = fields((await socket.inject({ url: '/audit?panel=staging' })).json());
  t.match(entriesOf(staging), [{ service_id: '5' }]);
});

t.test(
  'a line that a power cut has torn is skipped, and days are removed when their time is over',
  async (t) => {
    const dir = join(testFolder(t), 'state');
    let now = Date.parse('2026-03-01T12:00:00Z');
    const clock = toldClock(() => now);
    const open = () => openState({ dir, key: Buffer.alloc(32, 1), clock, auditKeepDays: 30 });
    const entry = (request_id: string): AuditEntry => ({
      ...{ at: new Date(now).toISOString(), request_id, door: 'network', who: null, panel: 'default' },
      ...{
        from: '127.0.0.1',
        method: 'POST',
        route: '/suspend',
        service_id: '1',
        job_id: null,
        status: 202,
        code: null,
      },
    });
    const request = { after: undefined, since: undefined, limit: 10, panel: undefined, serviceId: undefined };
    let state = await open();
    await state.audit.add(entry('r1'));
    await state.close();
    await appendFile(
      join(dir, 'audit', '2026-03-01.ndjson'),
      '{"at":"2026-03-01T12:00:00.500Z","request_id":"torn',
    );
    state = await open();
    await Promise.all(['r2', 'r3'].map((id) => state.audit.add(entry(id))));
    const { entries } = await state.audit.read(request);
    t.same(
      entries.map(({ request_id: id }) => id),
      ['r1', 'r2', 'r3'],
    );
    now += 31 * 86_400_000;
    await state.audit.add(entry('r4'));
    t.same(await readdir(join(dir, 'audit')), ['2026-04-01.ndjson']);
    await state.close();
  },
);
