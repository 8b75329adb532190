/**
 * The main thread is what all callers share: what a token takes of it is measured and bounded, and long answers are
 * made beside other calls.
 */
import t, { type Test } from 'tap';
import { setImmediate as turnOfLoop } from 'node:timers/promises';
import { Slices } from '../../../src/kernel/async/slices.js';
import { createToken } from '../../../src/tokens/create-token.js';
import { testConfig } from '../../fakes/config.js';
import { makeRig, ORDER, type Rig } from '../harness.js';

/** Every look at the plans takes so long. */
async function slowPlans(t: Test, ms: number, perS: number): Promise<Rig> {
  const config = testConfig();
  config.api.rate_limit = { main_thread_ms_per_s: perS, reads_per_s: 0, actions_per_minute: 0 };
  const { plans } = config;
  const rig = await makeRig('network', config);
  t.teardown(() => rig.close());
  Object.defineProperty(config, 'plans', {
    get() {
      rig.behaviour.now += ms;
      return plans;
    },
  });
  return rig;
}

t.test('a token that has taken too much of the main thread waits, and nobody else does', async (t) => {
  const rig = await slowPlans(t, 300, 100);
  for (const _ of [1, 2, 3]) t.match(await rig.call('GET', '/plans'), { status: 200 });
  const refused = { status: 429, headers: { 'retry-after': '1' }, body: { code: 'rate_limited' } };
  t.match(await rig.call('GET', '/plans'), refused);
  t.match(await rig.call('GET', '/status?service_id=1'), refused, 'whatever is asked for');
  t.match(await rig.call('POST', '/action/start', { service_id: '1' }), refused);
  t.match(await rig.call('GET', '/plans', undefined, rig.tokens.reader), { status: 200 });
  t.match(await rig.call('GET', '/health'), { status: 200 });
  t.match(await rig.call('POST', '/create-site', ORDER), { status: 202 }, 'orders are never refused');
  t.match(await rig.call('POST', '/suspend', { service_id: ORDER.service_id }), { status: 202 });
  rig.behaviour.now += 1_000;
  t.match(await rig.call('GET', '/plans'), { status: 200 });
});

t.test('nought is no limit', async (t) => {
  const rig = await slowPlans(t, 10_000, 0);
  for (const _ of [1, 2, 3]) t.match(await rig.call('GET', '/plans'), { status: 200 });
});

t.test('what a call waits for is not counted', async (t) => {
  const rig = await slowPlans(t, 0, 100);
  rig.deps.metrics.text = async () => {
    for (const _ of [1, 2, 3]) {
      await turnOfLoop();
      rig.behaviour.now += 5_000;
      await turnOfLoop();
    }
    return 'figures';
  };
  const { text } = await createToken(rig.deps, { name: 'p', permissions: ['metrics:read'] });
  const ask = () => rig.app.inject({ url: '/metrics', headers: { authorization: `Bearer ${text}` } });
  for (const _ of [1, 2, 3]) t.equal((await ask()).statusCode, 200);
});

t.test('a long comparison leaves the others their turn', async (t) => {
  const rig = await slowPlans(t, 4, 0);
  await rig.call('POST', '/create-site', ORDER);
  const beliefs = Array.from({ length: 200 }, () => ({ service_id: ORDER.service_id, plan: 'premium' }));
  const order: string[] = [];
  await Promise.all([
    rig.call('POST', '/panel/sync', beliefs).then(({ status, body }) => {
      t.equal(status, 200);
      t.equal(Array.isArray(body['differences']) && body['differences'].length, 200);
      order.push('sync');
    }),
    turnOfLoop()
      .then(() => turnOfLoop())
      .then(() => rig.call('GET', '/health'))
      .then(() => order.push('health')),
  ]);
  t.same(order, ['health', 'sync']);
});

t.test('lists are written in slices too, and as their schema says', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  for (const service_id of ['1', '2']) await rig.call('POST', '/create-site', { ...ORDER, service_id });
  rig.deps.drift.of = () => {
    rig.behaviour.now += 50;
    return [];
  };
  t.match(await rig.call('GET', '/services?what=1'), {
    status: 200,
    body: {
      success: true,
      services: [{ service_id: '1', drift: [], lifecycle: 'creating' }, { service_id: '2' }],
      next_cursor: null,
      warnings: [/^what is not known/],
    },
  });
  const { body } = await rig.call('GET', '/jobs?limit=1');
  t.match(body, { success: true, jobs: [{ service_id: '1', method: 'create' }], next_cursor: String });
});

t.test('only so many comparisons of one token are under way', async (t) => {
  const rig = await slowPlans(t, 20, 0);
  await rig.call('POST', '/create-site', ORDER);
  const beliefs = Array.from({ length: 9 }, () => ({ service_id: ORDER.service_id, plan: 'premium' }));
  const ask = (token?: string) => rig.call('POST', '/panel/sync', beliefs, token);
  const answers = await Promise.all([ask(), ask(), ask(), ask(rig.tokens.reader)]);
  t.same(answers.map(({ status }) => status).sort(), [200, 200, 200, 429]);
  t.match(
    answers.find(({ status }) => status === 429),
    { headers: { 'retry-after': '1' } },
  );
  await turnOfLoop();
  t.match(await ask(), { status: 200 });
});

t.test('the description is written once, the figures once a second', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  let described = 0;
  const { swagger } = rig.app;
  rig.app.swagger = ((...args: []) => {
    described += 1;
    return swagger(...args);
  }) as typeof swagger;
  const first = await rig.call('GET', '/openapi.json');
  t.match(first, {
    status: 200,
    headers: { 'content-type': /^application\/json/ },
    body: { openapi: '3.1.0' },
  });
  t.same((await rig.call('GET', '/openapi.json')).body, first.body);
  t.equal(described, 1);
  let counted = 0;
  rig.deps.metrics.text = async () => String((counted += 1));
  const { text } = await createToken(rig.deps, { name: 'p', permissions: ['metrics:read'] });
  const ask = async () =>
    (await rig.app.inject({ url: '/metrics', headers: { authorization: `Bearer ${text}` } })).body;
  t.same([await ask(), await ask()], ['1', '1']);
  rig.behaviour.now += 1_000;
  t.equal(await ask(), '2');
});

t.test('all long answers together get one slice of each turn of the event loop', async (t) => {
  let now = 0;
  let turn = 0;
  let isOver = false;
  const { rest } = new Slices(() => now);
  const perTurn = new Map<number, number>();
  const work = async (): Promise<void> => {
    for (let item = 0; item < 20; item += 1) {
      const pause = rest();
      if (pause) await pause;
      now += 3;
      perTurn.set(turn, (perTurn.get(turn) ?? 0) + 3);
    }
  };
  const count = async (): Promise<void> => {
    while (!isOver) {
      await turnOfLoop();
      turn += 1;
    }
  };
  const counting = count();
  await Promise.all([work(), work(), work(), work(), work()]);
  isOver = true;
  await counting;
  t.ok(Math.max(...perTurn.values()) <= 24, 'two slices at most, as turns are counted in the middle');
  t.ok(perTurn.size >= 13);
});
