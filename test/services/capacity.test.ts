/** Orders when addresses or room are used up, and what is held for orders to come. */
import t from 'tap';
import { AgentError } from '../../src/kernel/errors.js';
import { type Config } from '../../src/config/config.js';
import { testConfig } from '../fakes/config.js';
import { makeRig, ORDER, type Rig } from '../http/harness.js';
import { forgetReservations, takeUnit } from '../../src/services/reservations.js';

const HOUR_MS = 3_600_000;

/** So many addresses and no more. */
function withAddresses(count: number): Config {
  const config = testConfig();
  const [small] = config.addresses.pools;
  if (!small) throw new Error('no pools');
  config.addresses.pools = [{ ...small, first: '10.0.0.10', last: `10.0.0.${9 + count}` }];
  return config;
}

async function open(config = testConfig()): Promise<Rig> {
  const rig = await makeRig('network', config);
  t.teardown(() => rig.close());
  return rig;
}

const order = (rig: Rig, id: number | string, also: object = {}) =>
  rig.call('POST', '/create-site', { ...ORDER, service_id: id, ...also });

async function strict(rig: Rig, id: number, also: object = {}) {
  const answer = await rig.app.inject({
    method: 'POST',
    url: '/create-site',
    headers: { authorization: `Bearer ${rig.tokens.panel}`, prefer: 'handling=strict' },
    payload: { ...ORDER, service_id: id, ...also },
  });
  return { status: answer.statusCode, body: answer.json<Record<string, unknown>>(), headers: answer.headers };
}

const reserve = (rig: Rig, also: object = {}, token?: string) =>
  rig.call('POST', '/reservations', { plan: 'basic', ...also }, token);
const capacity = async (rig: Rig, query = '') => (await rig.call('GET', `/capacity?plan=basic${query}`)).body;

t.test('an order is accepted when addresses are used up, and refused only on request', async (t) => {
  const rig = await open(withAddresses(1));
  t.equal((await order(rig, 1)).status, 202);
  const refused = await strict(rig, 2);
  t.match(refused, { status: 503, body: { code: 'capacity_exhausted' } });
  t.ok(Number(refused.headers['retry-after']) > 0);
  t.equal(await rig.state.services.find('default/2'), undefined);
  const answer = await order(rig, 2);
  t.match(answer, {
    status: 202,
    body: {
      ...{ fqdn: /sites\.example\.net$/, private_ip: null, vmid: null, status: 'processing', job_id: /-/ },
      warnings: [/^No address is left.*: the order waits/],
    },
  });
  t.match(await rig.state.services.get('default/2'), {
    lifecycle: 'creating',
    guest: { addresses: [], vmid: null },
    jobs: [{ method: 'create', status: 'queued', policy: { patienceS: 3600 } }],
  });
  t.match(await order(rig, 2), { status: 202, body: { job_id: answer.body['job_id'] } }, 'repeated');
  t.equal((await strict(rig, 1)).status, 202, 'a known order is still answered');
  t.match(await rig.call('POST', '/delete-site', { service_id: 2 }), { status: 202 });
});

t.test('an order is accepted when no node has room', async (t) => {
  const rig = await open();
  rig.behaviour.roomFor = () => {
    throw new AgentError('capacity_exhausted', 'No node has room for the container.');
  };
  t.match(await strict(rig, 1), { status: 503, body: { code: 'capacity_exhausted' } });
  t.match(await order(rig, 1), { status: 202, body: { warnings: [/^No node has room.*: the order waits/] } });
});

t.test('what came first comes first: an order does not take what an earlier one waits for', async (t) => {
  const rig = await open(withAddresses(2));
  await order(rig, 1);
  await order(rig, 2);
  await order(rig, 'waits');
  await rig.change('default/1', () => ({ addresses: [], vmid: null, lifecycle: 'terminated', jobs: [] }));
  t.match(await order(rig, 'later'), { status: 202, body: { private_ip: null } });
  t.match(await capacity(rig), { available: 0, deliverable: false, limited_by: ['addresses'], waiting: 2 });
});

t.test('capacity follows from what is known', async (t) => {
  const rig = await open(withAddresses(3));
  t.match(await capacity(rig, '&count=3'), {
    ...{ success: true, plan: 'basic', count: 3, available: 3, deliverable: true },
    ...{ limited_by: ['addresses'], reserved: 0, waiting: 0 },
  });
  t.match(await capacity(rig, '&count=4'), { available: 3, deliverable: false });
  rig.cluster.view = undefined;
  t.match(await capacity(rig), { available: null, deliverable: null }, 'the cluster was never seen');
  t.match(await rig.call('GET', '/capacity?plan=nope'), { status: 400, body: { code: 'unknown_plan' } });
  t.match(await rig.call('GET', '/capacity?plan=basic&count=0'), { status: 400 });
});

t.test('a reservation holds what it is for until it is used, given back, or over', async (t) => {
  const rig = await open(withAddresses(3));
  const made = await reserve(rig, { count: 2, ttl: 3600 });
  t.match(made, {
    status: 200,
    body: { id: /^[0-9a-f-]{36}$/, plan: 'basic', count: 2, expires_at: '2026-03-01T13:00:00.000Z' },
  });
  const reservation = made.body['id'];
  t.match(await capacity(rig), { available: 1, reserved: 2 });
  t.match(await reserve(rig, { count: 2 }), { status: 503, body: { code: 'capacity_exhausted' } });
  t.match(await order(rig, 1), { body: { private_ip: /^10/ } });
  t.match(await strict(rig, 2), { status: 503 }, 'the rest is held');
  t.match(await order(rig, 2), { body: { private_ip: null } });
  t.match(await strict(rig, 3, { reservation }), { status: 202, body: { private_ip: /^10/ } });
  t.match(await strict(rig, 3, { reservation }), { status: 202 }, 'the same order uses it once');
  t.match(await capacity(rig), { reserved: 1 });
  t.match(await rig.state.services.get('default/3'), { order: { reservation } });
  t.match(await strict(rig, 4, { reservation }), { status: 202, body: { private_ip: /^10/ } });
  t.match(await strict(rig, 5, { reservation }), { status: 409, body: { code: 'reservation_used' } });
  t.match(
    await order(rig, 5, { reservation }),
    { status: 202, body: { private_ip: null, warnings: [/reservation/, /waits/] } },
    'a paid order is taken all the same',
  );
  t.match(await strict(rig, 6, { reservation: 'nope' }), {
    status: 404,
    body: { code: 'reservation_not_found' },
  });
});

t.test('a reservation ends by itself, and by its panel', async (t) => {
  const rig = await open(withAddresses(1));
  const first = await reserve(rig, { ttl: 3600 });
  t.match(await capacity(rig), { available: 0 });
  rig.behaviour.now += HOUR_MS;
  t.match(await capacity(rig), { available: 1, reserved: 0 }, 'by itself');
  t.match(await strict(rig, 1, { reservation: first.body['id'] }), {
    status: 404,
    body: { code: 'reservation_not_found' },
  });
  const { body } = await reserve(rig);
  const remove = (token?: string) =>
    rig.call('DELETE', `/reservations/${String(body['id'])}`, undefined, token);
  t.match(await remove(rig.tokens.staging), { status: 404, body: { code: 'reservation_not_found' } });
  t.match(await remove(rig.tokens.reader), { status: 403 });
  t.match(await remove(), { status: 200, body: { id: body['id'] } });
  t.match(await remove(), { status: 200 }, 'repeated');
  t.match(await capacity(rig), { available: 1 });
  t.match(await rig.call('DELETE', '/reservations/nope'), { status: 404 });
});

t.test('what a reservation may be is bounded', async (t) => {
  const rig = await open();
  for (const body of [{ count: 0 }, { count: 101 }, { ttl: 59 }, { ttl: 604_801 }])
    t.match(
      await reserve(rig, body),
      { status: 400, body: { code: 'invalid_request' } },
      JSON.stringify(body),
    );
  t.match(await reserve(rig, { plan: 'nope' }), { status: 400, body: { code: 'unknown_plan' } });
  t.match(await reserve(rig, {}, rig.tokens.reader), { status: 403 });
  const other = await reserve(rig, { plan: 'premium' });
  t.match(await strict(rig, 1, { reservation: other.body['id'] }), {
    status: 400,
    body: { errors: { reservation: 'is for the plan premium' } },
  });
  rig.cluster.view = undefined;
  t.match(await reserve(rig), { status: 503, body: { code: 'not_ready' } }, 'nothing is promised unseen');
});

t.test('the unit of an order that failed can be used again', async (t) => {
  const rig = await open(withAddresses(1));
  const { body } = await reserve(rig);
  const reservation = body['id'];
  t.match(await order(rig, 1, { reservation }), { body: { private_ip: /^10/ } });
  await rig.change('default/1', () => ({ addresses: [], vmid: null, lifecycle: 'failed', jobs: [] }));
  t.match(await capacity(rig), { available: 0, reserved: 1 });
  t.match(await order(rig, 2), { body: { private_ip: null } });
  t.match(await strict(rig, 3, { reservation }), { status: 202, body: { private_ip: /^10/ } });
});

t.test('when the daemon ends between reservation and order, the unit waits for the order', async (t) => {
  const rig = await open(withAddresses(1));
  const { body } = await reserve(rig);
  const reservation = String(body['id']);
  const [plan] = rig.config.plans;
  if (!plan) throw new Error('no plan');
  // the first of the two writes, and no more
  await takeUnit(rig.deps, { panel: 'default', requestId: 'r' }, { reservation, key: 'default/1', plan });
  t.match(await capacity(rig), { available: 0, reserved: 1 });
  t.match(await strict(rig, 2), { status: 503 });
  t.match(await strict(rig, 1, { reservation }), { status: 202, body: { private_ip: /^10/ } });
  t.match(await capacity(rig), { available: 0, reserved: 0 });
});

t.test('reservations over for a day are forgotten, unless the clock is in doubt', async (t) => {
  const rig = await open(withAddresses(1));
  await reserve(rig, { ttl: 60 });
  rig.behaviour.now += 25 * HOUR_MS;
  rig.behaviour.clockTrusted = false;
  await forgetReservations(rig.deps);
  t.equal(rig.state.reservations.list().length, 1);
  rig.behaviour.clockTrusted = true;
  await forgetReservations(rig.deps);
  t.same(rig.state.reservations.list(), []);
});

t.test('a plan with pools of its own is sold out by itself, and says so', async (t) => {
  const config = withAddresses(20);
  const [main] = config.addresses.pools;
  if (!main) throw new Error('no pools');
  const own = {
    name: 'public',
    first: '203.0.113.20',
    last: '203.0.113.20',
    prefix: 24,
    gateway: '203.0.113.1',
  };
  config.addresses.pools.push({ ...main, ...own, bridge: 'vmbr1', vlan: 7, plans_only: true });
  const [basic] = config.plans;
  if (!basic) throw new Error('no plans');
  config.plans.push({ ...basic, name: 'public', aliases: [], pools: ['public'] });
  const rig = await open(config);
  const plans = async (): Promise<unknown> => (await rig.call('GET', '/plans')).body['plans'];
  const left = async (plan: string) => (await rig.call('GET', `/capacity?plan=${plan}`)).body;
  t.match(await plans(), [{ name: 'basic', available: true }, {}, { available: true, sold_out: null }]);
  await order(rig, 1, { plan: 'public' });
  t.match(await rig.state.services.get('default/1'), {
    guest: {
      addresses: [{ pool: 'public', address: '203.0.113.20', network: { bridge: 'vmbr1', vlan: 7 } }],
    },
  });
  t.match(await plans(), [
    { name: 'basic', available: true, sold_out: null },
    {},
    { name: 'public', available: false, sold_out: /^No address is left/ },
  ]);
  t.match(await left('public'), { deliverable: false, limited_by: ['addresses'] });
  t.match(await order(rig, 2, { plan: 'public' }), {
    status: 202,
    body: { warnings: [/^No address is left/] },
  });
  t.match(await left('basic'), { deliverable: true, waiting: 1 });
  t.match((await order(rig, 3)).body, { private_ip: /^10\.0\.0\./ }, 'does not wait for the other plan');
  t.match(await strict(rig, 4), { status: 202 });
});
