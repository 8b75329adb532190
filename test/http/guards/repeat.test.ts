import t from 'tap';
import { createToken } from '../../../src/tokens/create-token.js';
import { answerCutOff, makeIdempotencyStore } from '../../../src/http/guards/idempotency-store.js';
import { rateLimits } from '../../../src/http/guards/rate-limit.js';
import { testConfig } from '../../fakes/config.js';
import { asObject, makeRig, NOW, ORDER, type Rig } from '../harness.js';
import { toldClock } from '../../fakes/told-clock.js';

const DAY_MS = 86_400_000;

/** POST with an Idempotency-Key. */
function keyed(rig: Rig) {
  return async (key: string, body: object, url = '/create-site', token = rig.tokens.panel) => {
    const answer = await rig.app.inject({
      method: 'POST',
      url,
      headers: { authorization: `Bearer ${token}`, 'idempotency-key': key },
      payload: body,
    });
    return {
      status: answer.statusCode,
      body: asObject(answer.body),
      replayed: answer.headers['idempotency-replayed'] === 'true',
    };
  };
}

t.test('the same key and body get the first answer again, with the status of today', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const post = keyed(rig);
  const first = await post('k-1', ORDER);
  t.match(first, { status: 202, replayed: false, body: { status: 'processing', vmid: 10_000 } });
  const writes = rig.writes();
  const reordered = Object.fromEntries(Object.entries(ORDER).reverse());
  t.same(await post('k-1', reordered), { ...first, replayed: true });
  t.same(
    await post('"k-1"', ORDER, '/create-site/'),
    { ...first, replayed: true },
    'quoted, as in the draft',
  );
  await rig.change('default/12345', () => ({ lifecycle: 'suspended', vmid: 10_007 }));
  t.same(await post('k-1', ORDER), {
    status: 202,
    replayed: true,
    body: { ...first.body, status: 'suspended' },
  });
  t.equal(rig.writes(), writes + 1, 'nothing was done again');
});

t.test('another body is refused, another token or panel has keys of its own', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const post = keyed(rig);
  await post('k', ORDER);
  t.match(await post('k', { ...ORDER, plan: 'premium' }), {
    status: 409,
    body: { success: false, code: 'idempotency_mismatch' },
  });
  const { text } = await createToken(rig.deps, { name: 'second' });
  t.match(await post('k', { ...ORDER, service_id: '2' }, '/create-site', text), {
    status: 202,
    body: { service_id: '2' },
  });
  t.match(await post('k', ORDER, '/create-site', rig.tokens.staging), { status: 202, replayed: false });
  for (const key of ['', 'a b', 'ü', 'x'.repeat(256)]) {
    t.match(await post(key, ORDER), { status: 400, body: { errors: { 'idempotency-key': String } } }, key);
  }
});

t.test('it is kept for a day, over a restart, and unreadable on the disk', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const post = keyed(rig);
  await post('k', ORDER);
  const [record] = rig.state.remembered.list();
  t.match(record, { answer: { code: 202 }, expiresAt: new Date(NOW + DAY_MS).toISOString() });
  t.notMatch(JSON.stringify(record), /12345"?,"subdomain/, 'an answer may hold a password');
  rig.behaviour.now = NOW + DAY_MS - 1;
  t.equal((await post('k', ORDER)).replayed, true);
  rig.behaviour.now = NOW + DAY_MS;
  t.match(await post('k', { ...ORDER, service_id: '77' }), { status: 202, replayed: false });
  rig.behaviour.now = NOW + 3 * DAY_MS;
  await post('another', ORDER);
  for (let n = 0; n < 100 && rig.state.remembered.list().length > 1; n += 1)
    await new Promise((resolve) => setTimeout(resolve, 5));
  t.equal(rig.state.remembered.list().length, 1, 'old ones are removed');
});

t.test('calls with one key at the same time are done once', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const post = keyed(rig);
  const answers = await Promise.all(Array.from({ length: 8 }, () => post('k', ORDER)));
  t.equal(answers.filter(({ replayed }) => !replayed).length, 1);
  t.equal(new Set(answers.map(({ body }) => body['job_id'])).size, 1);
  t.equal(rig.writes(), 1);
  const [a, b] = await Promise.all([
    post('m', { ...ORDER, service_id: 3 }),
    post('m', { ...ORDER, service_id: 4 }),
  ]);
  t.same([a.status, b.status].sort(), [202, 409]);
});

t.test('what failed on our side is not remembered, nor is a refusal', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  rig.app.log.level = 'silent';
  const post = keyed(rig);
  rig.behaviour.roomFor = () => {
    throw new Error('a defect');
  };
  t.equal((await post('k', ORDER)).status, 500);
  rig.behaviour.roomFor = () => {};
  t.match(await post('k', ORDER), { status: 202, replayed: false });
  const other = { ...ORDER, email: 'other@example.com' };
  t.match(await post('r', other), { status: 409, replayed: false });
  t.match(await post('r', other), { status: 409, replayed: false, body: { code: 'service_exists' } });
  t.match(await post('v', { ...ORDER, plan: '' }), { status: 400 });
  t.match(await post('v', ORDER), { status: 202, replayed: false }, 'what was never understood is forgotten');
});

t.test('nothing is left on the disk of questions and refusals, whatever key they bear', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const post = keyed(rig);
  await post('order', ORDER);
  const { text } = await createToken(rig.deps, { name: 'asker', permissions: ['sites:read'] });
  const kept = rig.state.remembered.list().length;
  const questions: [string, object][] = [
    ['/panel/sync', { services: [] }],
    ['/panel/sync', []],
    ['/wp/upgrade/check', { service_id: '12345', plan: 'premium' }],
    ['/customdomain/getdata', { user_id: 7 }],
  ];
  for (const [n, [url, body]] of questions.entries())
    t.match(await post(`q-${n}`, body, url, text), { replayed: false }, url);
  for (const [n, [url, body]] of questions.entries())
    t.match(await post(`q-${n}`, body, url, text), { replayed: false }, `${url} again`);
  const refused: [string, object][] = [
    ['/create-site', { ...ORDER, email: 'other@example.com' }],
    ['/delete-site', { service_id: 'none' }],
    ['/action/setdomain', { service_id: '12345', domain: 'a/b' }],
  ];
  for (const [n, [url, body]] of refused.entries()) {
    const { status } = await post(`r-${n}`, body, url);
    t.ok(status >= 400 && status < 500, `${url} ${status}`);
  }
  for (const [url, body] of refused) t.match(await post('w', body, url, text), { status: 403 });
  t.equal(rig.state.remembered.list().length, kept);
});

t.test('of one token so many answers, and so many bytes, are remembered: the oldest go first', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const calls = makeIdempotencyStore(rig.deps, { answers: 3, bytes: 20_000 });
  let clock = NOW;
  const answer = async (key: string, bytes: number, token = 'one') => {
    rig.behaviour.now = clock += 1;
    const asked = { panel: 'default', token, key, requestId: key, serviceId: null, asked: key };
    const found = await calls.recall(asked);
    if (found.kind === 'first') await found.call.answered(200, 'x'.repeat(bytes));
    return found.kind;
  };
  const kept = () =>
    rig.state.remembered
      .list()
      .map(({ requestId }) => requestId)
      .sort();
  for (const key of ['a', 'b', 'c']) await answer(key, 10);
  await answer('other', 10, 'two');
  t.same(kept(), ['a', 'b', 'c', 'other']);
  await answer('d', 10);
  t.same(kept(), ['b', 'c', 'd', 'other'], 'another token loses nothing');
  t.equal(await answer('c', 10), 'answered');
  await answer('e', 18_000);
  t.same(kept(), ['e', 'other'].concat(kept().includes('d') ? ['d'] : []).sort());
  await answer('f', 18_000);
  t.same(kept(), ['f', 'other']);

  const again = makeIdempotencyStore(rig.deps, { answers: 1, bytes: 20_000 });
  const asked = { panel: 'default', token: 'one', key: 'g', requestId: 'g', serviceId: null, asked: 'g' };
  const first = await again.recall(asked);
  if (first.kind === 'first') await first.call.answered(200, 'y');
  t.same(kept(), ['g', 'other'], 'what was there at the start counts');
});

t.test('a call that was cut off by the end of the daemon is found by its job', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  const post = keyed(rig);
  const first = await post('k', ORDER);
  const [record] = rig.state.remembered.list();
  if (!record) throw new Error('nothing was remembered');
  await rig.state.remembered.commit(record.id, () => ({ ...record, answer: null }));
  t.match(await post('k', ORDER), {
    status: 202,
    replayed: true,
    body: { success: true, service_id: '12345', status: 'processing', job_id: first.body['job_id'] },
  });
  await rig.change('default/12345', () => ({ jobs: [] }));
  t.match(await post('k', ORDER), { replayed: false }, 'it did not get as far as a job: now it is done');
});

t.test(
  'a call that was cut off is not carried out again although its job has gone to the archive',
  async (t) => {
    const rig = await makeRig();
    t.teardown(() => rig.close());
    const post = keyed(rig);
    const first = await post('k', ORDER);
    const [record] = rig.state.remembered.list();
    if (!record) throw new Error('nothing was remembered');
    await rig.state.remembered.commit(record.id, () => ({ ...record, answer: null }));
    await answerCutOff(rig.deps);
    await rig.change('default/12345', () => ({ lifecycle: 'suspended', jobs: [] }));
    t.match(await post('k', ORDER), {
      status: 202,
      replayed: true,
      body: { service_id: '12345', status: 'suspended', job_id: first.body['job_id'] },
    });
  },
);

t.test(
  "a call that was cut off is not answered with the job of another panel's service of the same id",
  async (t) => {
    const rig = await makeRig();
    t.teardown(() => rig.close());
    const named = { 'x-request-id': 'chosen', 'idempotency-key': 'k', 'content-type': 'application/json' };
    const send = (token: string) =>
      rig.app.inject({
        method: 'POST',
        url: '/create-site',
        headers: { ...named, authorization: `Bearer ${token}` },
        payload: ORDER,
      });
    await send(rig.tokens.staging);
    const [record] = rig.state.remembered.list();
    if (!record) throw new Error('nothing was remembered');
    const theirs = asObject((await send(rig.tokens.panel)).body)['job_id'];
    await rig.state.remembered.commit(record.id, () => ({ ...record, answer: null }));
    await rig.change('staging/12345', () => ({ jobs: [] }));
    await answerCutOff(rig.deps);
    const again = asObject((await send(rig.tokens.staging)).body);
    t.match(again, { success: true, service_id: '12345' });
    t.not(again['job_id'], theirs);
  },
);

t.test('reads and actions have their own allowance per token; orders are never refused', async (t) => {
  const config = testConfig();
  config.api.rate_limit = { main_thread_ms_per_s: 0, reads_per_s: 2, actions_per_minute: 1 };
  const rig = await makeRig('network', config);
  t.teardown(() => rig.close());
  const read = (token?: string) => rig.call('GET', '/status?service_id=1', undefined, token);
  for (let n = 0; n < 4; n += 1) t.equal((await read()).status, 404);
  t.match(await read(), {
    status: 429,
    headers: { 'retry-after': '1' },
    body: { success: false, code: 'rate_limited', error: /again/ },
  });
  t.equal((await read(rig.tokens.reader)).status, 404, 'another token');
  t.equal((await rig.call('GET', '/health', undefined, '')).status, 200);
  for (let id = 1; id <= 20; id += 1)
    t.equal(
      (await rig.call('POST', '/create-site', { ...ORDER, service_id: id, email: `u${id}@example.com` }))
        .status,
      202,
    );
  rig.behaviour.now += 500;
  t.equal((await read()).status, 200);
  t.equal((await read()).status, 429);
});

t.test(
  'an allowance comes back with time, says how long that takes, and survives a clock that is set back',
  (t) => {
    let now = NOW;
    let passed = 0;
    const clock = { ...toldClock(() => now), monotonic: () => passed };
    const pass = (ms: number): void => {
      now += ms;
      passed += ms;
    };
    const count = rateLimits(
      { rate_limit: { main_thread_ms_per_s: 0, reads_per_s: 0, actions_per_minute: 2 } },
      clock,
    );
    t.equal(count('a', 'reads'), undefined);
    t.equal(count('a', 'actions'), undefined);
    t.equal(count('a', 'actions'), undefined);
    t.match(count('a', 'actions'), { code: 'rate_limited', retryAfterS: 30 });
    pass(20_000);
    t.match(count('a', 'actions'), { retryAfterS: 10 });
    now -= 3_600_000;
    t.match(count('a', 'actions'), { retryAfterS: 10 });
    pass(10_000);
    t.equal(count('a', 'actions'), undefined);
    pass(3_600_000);
    t.equal(count('a', 'actions'), undefined);
    t.equal(count('a', 'actions'), undefined);
    t.ok(count('a', 'actions'), 'nobody saves up');
    t.end();
  },
);

t.test('a rotated token is good under both texts for a while, then under the new one', async (t) => {
  const rig = await makeRig('socket');
  t.teardown(() => rig.close());
  const network = await rig.beside('network');
  const plans = async (text: string): Promise<number> =>
    (await network.inject({ url: '/plans', headers: { authorization: `Bearer ${text}` } })).statusCode;
  const made = (await rig.call('POST', '/tokens', { name: 'panel-7' }, '')).body;
  const rotate = async (body: object) => (await rig.call('POST', '/tokens/panel-7/rotate', body, '')).body;
  const second = await rotate({ overlap_s: 60 });
  t.match(second, { id: made['id'], name: 'panel-7', former_until: new Date(NOW + 60_000).toISOString() });
  const third = await rotate({ overlap_s: 120 });
  const texts = [made, second, third].map(({ token }) => String(token));
  const good = async () => Promise.all(texts.map(plans));
  t.same(await good(), [200, 200, 200]);
  rig.behaviour.now += 60_000;
  t.same(await good(), [401, 200, 200]);
  t.equal((await rotate({ overlap_s: 0 }))['former_until'], new Date(NOW + 120_000).toISOString());
  t.same(await good(), [401, 200, 401], 'without an overlap the text of now ends at once');
  t.match(await rotate({}), { texts: 3 });
  const last = await rotate({ now: true });
  t.match(last, { texts: 1, former_until: null });
  texts.push(String(last['token']));
  t.same(await good(), [401, 401, 401, 200], 'at once no older text is good');
  texts.pop();
  await rig.call('DELETE', '/tokens/panel-7', undefined, '');
  t.same(await good(), [401, 401, 401], 'all of them are revoked');
  t.match(await rig.call('POST', '/tokens/panel-7/rotate', {}, ''), {
    status: 404,
    body: { code: 'token_not_found' },
  });
  t.match(await rig.call('POST', `/tokens/${String(made['id'])}/rotate`, {}, ''), { status: 404 });
  t.match(await rig.call('POST', '/tokens/panel/rotate', { overlap_s: -1 }, ''), { status: 400 });
  t.match(await rig.call('POST', '/tokens/panel/rotate', { expires_at: '2020-01-01' }, ''), {
    status: 400,
    body: { errors: { expires_at: String } },
  });
});
