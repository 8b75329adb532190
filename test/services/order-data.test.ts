import t from 'tap';
import { AgentError } from '../../src/kernel/errors.js';
import { invalid } from '../../src/kernel/invalid.js';
import type { JsonObject } from '../../src/kernel/json.js';
import type { CheckEnd } from '../../src/model/check-end.js';
import { dataChecks } from '../../src/model/data-check.js';
import { changeData, MASK, shownData } from '../../src/model/service-data.js';
import { makeAllocate } from '../../src/services/allocate.js';
import { prepareDataChange } from '../../src/services/change-data.js';
import { createSite } from '../../src/services/create-site.js';
import { retryService } from '../../src/services/retry-service.js';
import { type Operations, operations, PANEL } from '../fakes/operations.js';
import { aJob, aService } from '../fakes/samples.js';

const SCHEMA = {
  type: 'object',
  properties: {
    login: { type: 'string', minLength: 3, transform: ['trim', 'toLowerCase'] },
    tier: { type: 'string', enum: ['small', 'large'], default: 'small', changeable: true },
    seats: { type: 'integer', minimum: 1, maximum: 50, changeable: true },
    api_key: { type: 'string', minLength: 8, secret: true, changeable: true },
  },
  required: ['login'],
};
const CANARY = 'canary-api-key-77';

function selling(check?: (data: JsonObject, plan: JsonObject) => CheckEnd): Operations {
  const of = operations();
  const { declared } = of.product.sold;
  of.product.sold = {
    ...of.product.sold,
    declared: { ...declared, serviceData: SCHEMA, checks: check ? ['checkService'] : [] },
  };
  if (check) of.product.check = async (_, data, plan) => check(data, plan);
  return of;
}

const order = (of: Operations, properties: JsonObject, also: object = {}) =>
  createSite(of.context, makeAllocate(of.context), PANEL, {
    ...{ service_id: '12', email: 'a@example.com', plan: 'basic', public_ip: '203.0.113.10' },
    ...also,
    properties,
  });

t.test('the properties of an order become the data of the service', async (t) => {
  const of = selling();
  const { service, warnings } = await order(of, { login: '  Anna ', seats: '5', tier: '' });
  t.same(service.data, { login: 'anna', seats: 5, tier: 'small' });
  t.same(service.order.properties, { login: 'anna', seats: 5 });
  t.same(warnings, []);
  t.same(of.notices, []);
});

t.test('what is wrong gets the default, a warning and an alert; what is unknown a warning', async (t) => {
  const of = selling();
  const { service, warnings } = await order(of, {
    login: 'anna',
    tier: 'huge',
    seats: 99,
    logn: 'x',
    hush: 1,
  });
  t.same(service.data, { login: 'anna', tier: 'small' });
  t.same(service.order.properties, { login: 'anna' });
  t.same(warnings, [
    'properties.logn is not known; did you mean login?',
    'properties.hush is not known.',
    'properties.tier must be one of: small, large: the default is used.',
    'properties.seats must be <= 50: it is left out.',
  ]);
  t.match(of.notices, [{ kind: 'order_corrected', plan: 'basic', service: '12' }]);
});

t.test('an order is refused only if nothing can be created', async (t) => {
  const of = selling();
  for (const [properties, problem] of [
    [{}, 'is missing'],
    [{ login: 'x' }, 'must not have fewer than 3 characters'],
    [{ login: null }, 'is missing'],
  ] as const)
    await t.rejects(order(of, properties), {
      code: 'invalid_request',
      fields: { 'properties.login': problem },
    });
  t.equal(of.memory.writes(), 0);
});

t.test('a secret is stored apart, and only a reference is kept in its place', async (t) => {
  const of = selling();
  const { service } = await order(of, { login: 'anna', api_key: CANARY });
  t.same(service.data['api_key'], { secret: 'data.api_key' });
  t.same(service.order.properties, { login: 'anna', api_key: { secret: 'data.api_key' } });
  t.equal(service.secrets['data.api_key']?.reveal(), CANARY);
  t.notMatch(JSON.stringify([service, of.log, of.notices]), CANARY);
  t.same(shownData(SCHEMA, service.data), { login: 'anna', tier: 'small', api_key: MASK });
});

t.test('a secret that is refused is not kept either', async (t) => {
  const of = selling();
  const { service, warnings } = await order(of, { login: 'anna', api_key: 'short-1' });
  t.notMatch(JSON.stringify([service, warnings, of.log]), 'short-1');
  t.notOk('api_key' in service.data);
  const named = await order(selling(), { login: 'anna', api_key: { secret: 'admin_password' } });
  t.notOk('api_key' in named.service.data, 'a panel cannot refer to a secret of the service');
});

t.test("the product's own check refuses fields, changes data, or the whole order", async (t) => {
  const asked: [JsonObject, JsonObject][] = [];
  const by = (answer: (data: JsonObject) => CheckEnd) =>
    selling((data, plan) => {
      asked.push([data, plan]);
      return answer(data);
    });
  const valid: CheckEnd = { kind: 'valid', data: undefined };
  const noLarge = (data: JsonObject): CheckEnd =>
    data['tier'] === 'large' ? { kind: 'invalid', error: invalid({ tier: 'is sold out' }) } : valid;
  const corrected = await order(by(noLarge), { login: 'anna', tier: 'large', api_key: CANARY });
  t.match(corrected, {
    service: { data: { tier: 'small' } },
    warnings: ['properties.tier is sold out: the default is used.'],
  });
  t.same(asked[0], [{ login: 'anna', tier: 'large', api_key: { secret: 'data.api_key' } }, {}]);
  const renamed = by((data) => ({ kind: 'valid', data: { ...data, login: 'anna-2' } }));
  const { service } = await order(renamed, { login: 'anna', api_key: CANARY });
  t.match(service.data, { login: 'anna-2', api_key: { secret: 'data.api_key' } });
  t.equal(service.secrets['data.api_key']?.reveal(), CANARY);
  const error = new AgentError('quota_reached', 'Sold out.');
  await t.rejects(
    order(
      by(() => ({ kind: 'invalid', error })),
      { login: 'anna' },
    ),
    { code: 'quota_reached' },
  );
  const never = invalid({ login: 'is taken' });
  await t.rejects(
    order(
      by(() => ({ kind: 'invalid', error: never })),
      { login: 'anna' },
    ),
    {
      code: 'invalid_request',
    },
  );
});

t.test('an order that the product did not check is accepted, and checked in the first step', async (t) => {
  const of = selling(() => ({ kind: 'failed', problem: 'it hung' }));
  const { service } = await order(of, { login: 'anna' });
  t.match(service.jobs.at(-1), { method: 'create', args: { check_data: true } });
  t.match(of.log.join(''), /it hung/);
});

t.test('a failed order that is placed again keeps its secrets', async (t) => {
  const of = selling();
  const { service } = await order(of, { login: 'anna', api_key: CANARY });
  await of.memory.services.commit('default/12', () => ({
    ...service,
    ...{ lifecycle: 'failed', guest: null, data: {} },
    jobs: service.jobs.map((job) => ({
      ...aJob(job),
      status: 'failed',
      endedAt: '2026-01-01T00:00:00.000Z',
    })),
  }));
  const again = await retryService(of.context, makeAllocate(of.context), PANEL, '12');
  t.match(again.service, { generation: 2, data: { login: 'anna', api_key: { secret: 'data.api_key' } } });
  t.equal(again.service.secrets['data.api_key']?.reveal(), CANARY);
});

t.test('what a product declares no data for is stored as it was sent', async (t) => {
  const of = operations();
  const { service, warnings } = await order(of, { title: 'Shop', hush: 1 });
  t.same(service.order.properties, { title: 'Shop', hush: 1 });
  t.same([service.data, warnings], [{}, []]);
});

t.test('changeable data can be changed, everything else stays', async (t) => {
  const of = selling();
  await order(of, { login: 'anna', seats: 5, api_key: CANARY });
  const change = async (properties: JsonObject) => {
    const prepared = await prepareDataChange(of.context, PANEL, '12', properties);
    return { warnings: prepared.warnings, service: await prepared.commit() };
  };
  const { service } = await change({ seats: '7', login: 'anna', api_key: MASK, tier: '' });
  t.match(service.data, { login: 'anna', seats: 7, tier: 'small' });
  t.equal(service.secrets['data.api_key']?.reveal(), CANARY);
  const next = await change({ api_key: 'canary-next-key', nothing: 1 });
  t.equal(next.service.secrets['data.api_key']?.reveal(), 'canary-next-key');
  t.same(next.warnings, ['properties.nothing is not known.']);
  const wrong = async (properties: JsonObject, fields: Record<string, unknown>) =>
    t.match(await change(properties).catch((error: unknown) => error), { code: 'invalid_request', fields });
  await wrong({ login: 'bert' }, { 'properties.login': 'cannot be changed' });
  await wrong({ seats: 0, tier: 'x' }, { 'properties.seats': /1/, 'properties.tier': /one of/ });
  await wrong({ api_key: { secret: 'admin_password' } }, { 'properties.api_key': 'must be text' });
  const without = await change({ api_key: null });
  t.notOk('data.api_key' in without.service.secrets);
  t.notOk('api_key' in without.service.data);
  const writes = of.memory.writes();
  await change({ seats: 7 });
  t.equal(of.memory.writes(), writes, 'nothing changed');
  await of.memory.services.commit('default/12', (current) => ({
    ...(current ?? aService()),
    lifecycle: 'terminated',
  }));
  await t.rejects(change({ seats: 8 }), { code: 'service_terminated' });
});

t.test('what a step saves is checked, and only what it saves', async (t) => {
  const rules = { schema: SCHEMA, check: dataChecks()(SCHEMA) };
  const service = aService({ data: { seats: 0, owner_email: 'a@example.com' } });
  t.match(changeData(rules, service, { login: ' Bert ', note: 1, api_key: CANARY }), {
    data: { seats: 0, login: 'bert', note: 1, api_key: { secret: 'data.api_key' } },
    problems: {},
  });
  const removed = changeData(rules, aService({ data: { seats: 3, tier: 'large', note: 1 } }), {
    ...{ note: null, seats: null, tier: null },
  });
  t.same(removed.data, { tier: 'small' }, 'null removes a value, and a default takes its place');
  t.match(changeData(rules, service, { login: 'x', tier: 'huge' }).problems, {
    login: /fewer than 3/,
    tier: /one of/,
  });
  const closed = { ...SCHEMA, additionalProperties: false };
  const strict = { schema: closed, check: dataChecks()(closed) };
  t.same(changeData(strict, service, { note: 1, owner_email: 'b' }).problems, { note: 'is not known' });
});
