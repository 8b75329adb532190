import t from 'tap';
import type { CheckEnd } from '../../src/model/check-end.js';
import type { JsonObject } from '../../src/kernel/json.js';
import { invalid } from '../../src/kernel/invalid.js';
import { AgentError } from '../../src/kernel/errors.js';
import { dataChecks } from '../../src/model/data-check.js';
import type { Plan } from '../../src/model/plan.js';
import type { SoldProduct } from '../../src/services/context.js';
import { createPlan, deletePlan, readPlan, replacePlan } from '../../src/services/change-plans.js';
import { planJudge } from '../../src/services/plan-judge.js';
import { planList } from '../../src/services/plan-list.js';
import { sellPlan } from '../../src/services/sell-plan.js';
import { checkUpgrade } from '../../src/services/upgrade.js';
import { operations, PANEL } from '../fakes/operations.js';
import { aService, basicPlan } from '../fakes/samples.js';

const CLOUD: Pick<SoldProduct['declared'], 'productData' | 'parts' | 'checks'> = {
  parts: [],
  checks: ['checkProduct'],
  productData: {
    type: 'object',
    properties: { quota_gb: { type: 'integer', minimum: 1, default: 10 }, users: { type: 'integer' } },
    additionalProperties: false,
  },
};

const plan = (also: Partial<Plan> = {}): Plan => ({
  ...{ name: 'cloud-10', aliases: ['Cloud 10 GB'], module: 'cloud' },
  ...{ memoryMb: 0, swapMb: 512, diskGb: 0, cores: 0, domains: 0, backups: 0 },
  ...also,
});

/** Operations with the product `cloud` beside WordPress, whose check a test gives. */
function cloud(check: (data: JsonObject) => CheckEnd = () => ({ kind: 'valid', data: undefined })) {
  const of = operations(aService({ id: '12', lifecycle: 'active' }));
  const wordpress = of.product.sold;
  const sold: SoldProduct = {
    ...wordpress,
    info: { name: 'cloud', title: 'Cloud', version: '1.0.0' },
    declared: { ...wordpress.declared, ...CLOUD, source: null },
  };
  const all = new Map([wordpress, sold].map((one) => [one.info.name, one]));
  const products = {
    find: (name: string) => all.get(name),
    get(name: string) {
      const found = all.get(name);
      if (found) return found;
      throw new AgentError('unknown_module', 'There is no such product.');
    },
  };
  const asked: JsonObject[] = [];
  const productCheck = {
    known: (name: string, data: JsonObject) => (name === 'cloud' ? check(data) : VALID),
    async run(name: string, data: JsonObject) {
      if (name !== 'cloud') return VALID;
      asked.push(data);
      return check(data);
    },
  };
  const judge = planJudge({ products, checks: dataChecks(), productCheck, names: NAMES });
  const plans = planList({ config: of.config, state: of.memory.state, judge });
  return { ...of, asked, products: all, context: { ...of.context, products, plans } };
}
const NAMES = { pools: ['public'], locations: ['frankfurt'] };
const VALID: CheckEnd = { kind: 'valid', data: undefined };

t.test('a plan is checked by its product, completed with defaults, and sold from then on', async (t) => {
  const { context, asked } = cloud();
  const made = await createPlan(context, plan({ data: { users: 3 } }));
  t.match(made, { source: 'api', problem: null, plan: { data: { quota_gb: 10, users: 3 } } });
  t.same(asked, [{ users: 3, quota_gb: 10 }]);
  t.same((await sellPlan(context, PANEL, { plan: ' cloud 10 gb ' })).plan.data, { users: 3, quota_gb: 10 });
  t.match(await sellPlan(context, PANEL, { plan: 'cloud-10' }), { module: 'cloud' });
  t.match(
    context.plans.list().map(({ plan: { name }, source }) => `${name} ${source}`),
    ['basic file', 'premium file', 'cloud-10 api'],
  );
});

t.test('a plan that its product does not accept is refused, field by field', async (t) => {
  const refused = (also: Partial<Plan>, check?: (data: JsonObject) => CheckEnd) =>
    createPlan(cloud(check).context, plan(also)).then(
      () => 'accepted',
      (error: unknown) => error,
    );
  const wrong = (fields: Record<string, unknown>) => ({ code: 'invalid_request', fields });
  t.match(await refused({ data: { quota_gb: 0, more: 1 } }), {
    ...wrong({ 'data.quota_gb': 'must be >= 1', 'data.more': 'is not known' }),
  });
  t.match(
    await refused({}, () => ({ kind: 'invalid', error: invalid({ quota_gb: 'is too small' }) })),
    wrong({ 'data.quota_gb': 'is too small' }),
  );
  t.match(
    await refused({}, () => ({ kind: 'invalid', error: new AgentError('quota_reached', 'Sold out.') })),
    wrong({ data: 'Sold out.' }),
  );
  t.match(
    await refused({}, () => ({ kind: 'failed', problem: 'it hung' })),
    wrong({ data: 'cannot be checked: it hung' }),
  );
  t.match(
    await refused({ module: 'wordpress' }),
    wrong({ memory_mb: /is missing/, disk_gb: /is missing/, cores: /is missing/ }),
  );
  t.match(await refused({ ...basicPlan, name: 'x', aliases: [], module: 'wordpress', data: { a: 1 } }), {
    ...wrong({ data: /must be empty/ }),
  });
  t.match(await refused({ module: 'none' }), { code: 'unknown_module' });
  const options = [{ name: 'users', min: 1, max: 5, step: 1 }];
  t.match(await refused({ options }), wrong({ 'options.0.name': /a number in its data/ }));
  t.match(await refused({ options, data: { users: 9 } }), wrong({ 'options.0': /own value 9/ }));
});

t.test('a plan names pools and a location that exist, and has sizes that its product allows', async (t) => {
  const { context, products } = cloud();
  const wordpress = products.get('wordpress');
  if (!wordpress) throw new Error('no wordpress');
  const declared = { ...wordpress.declared, planLimits: { cores: [1, 2], disk_gb: [10, 100] } as const };
  products.set('wordpress', { ...wordpress, declared });
  const sized = (also: Partial<Plan>): Plan => ({
    ...basicPlan,
    name: 'x',
    aliases: [],
    module: 'wordpress',
    ...also,
  });
  const refused = (also: Partial<Plan>, fields: object) =>
    t.rejects(createPlan(context, sized(also)), { code: 'invalid_request', fields });
  await refused({ pools: ['public', 'none'] }, { pools: /"none"/ });
  await refused({ location: 'mars' }, { location: /"mars"/ });
  await refused({ cores: 3 }, { cores: 'must be from 1 to 2 for this product' });
  const options = [{ name: 'disk_gb', min: 20, max: 200, step: 10 }];
  await refused({ options }, { 'options.disk_gb': /from 10 to 100/ });
  t.match(await createPlan(context, sized({ pools: ['public'], location: 'frankfurt' })), {
    ...{ problem: null, plan: { pools: ['public'], location: 'frankfurt' } },
  });
});

t.test('names and aliases are unique among all plans', async (t) => {
  const { context, memory } = cloud();
  const taken = { code: 'plan_exists' };
  await t.rejects(createPlan(context, plan({ name: 'basic' })), taken);
  await t.rejects(createPlan(context, plan({ aliases: ['wordpress  BASIC'] })), taken);
  await createPlan(context, plan());
  await t.rejects(createPlan(context, plan()), taken);
  await t.rejects(createPlan(context, plan({ name: 'b' })), taken, 'the alias');
  t.equal(memory.state.plans.list().length, 1);
  const both = await Promise.allSettled(
    ['c', 'd'].map((name) => createPlan(context, plan({ name, aliases: ['Same'] }))),
  );
  t.same(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

t.test('a plan is replaced as a whole, and deleted once nothing uses it', async (t) => {
  const { context, memory } = cloud();
  await createPlan(context, plan({ data: { users: 3 } }));
  t.match((await replacePlan(context, plan({ aliases: [] }))).plan, { aliases: [], data: { quota_gb: 10 } });
  t.notOk('users' in (readPlan(context, 'cloud-10').plan.data ?? {}));
  for (const [name, code] of [
    ['basic', 'plan_read_only'],
    ['none', 'plan_not_found'],
  ] as const) {
    await t.rejects(replacePlan(context, plan({ name, aliases: [] })), { code });
    await t.rejects(deletePlan(context, name), { code });
  }
  await memory.services.commit('default/9', () =>
    aService({ id: '9', plan: plan(), subdomain: 'nine', vmid: 99, addresses: [] }),
  );
  await t.rejects(deletePlan(context, 'cloud-10'), {
    code: 'plan_in_use',
    message: 'The plan is still used by 1 service.',
  });
  t.match(readPlan(context, 'cloud-10'), { problem: null });
  await memory.services.commit('default/9', (current) => ({
    ...(current ?? aService()),
    lifecycle: 'terminated',
    deletion: null,
  }));
  await deletePlan(context, 'cloud-10');
  t.throws(() => readPlan(context, 'cloud-10'), { code: 'plan_not_found' });
  await t.rejects(sellPlan(context, PANEL, { plan: 'cloud-10' }), { code: 'unknown_plan' });
});

t.test('a plan belongs to its product: in orders and in upgrades', async (t) => {
  const { context, config } = cloud();
  await createPlan(context, plan());
  config.plans.push({ ...basicPlan, name: 'wp', aliases: [], module: 'wordpress' });
  const conflict = { code: 'module_conflict' };
  await t.rejects(sellPlan(context, PANEL, { plan: 'cloud-10', module: 'wordpress' }), conflict);
  t.match(await sellPlan(context, PANEL, { plan: 'cloud-10', module: 'cloud' }), { module: 'cloud' });
  t.match(await sellPlan(context, PANEL, { plan: 'basic' }), { module: 'wordpress' }, 'the default product');
  await t.rejects(checkUpgrade(context, PANEL, '12', { plan: 'cloud-10' }), conflict);
  t.match(await checkUpgrade(context, PANEL, '12', { plan: 'wp' }), { isChange: true });
});

t.test('options may set numbers of the product data', async (t) => {
  const { context } = cloud();
  const options = [{ name: 'quota_gb', min: 10, max: 30, step: 10 }];
  await createPlan(context, plan({ data: { quota_gb: 10 }, options }));
  const sold = (quota_gb: string | number) =>
    sellPlan(context, PANEL, { plan: 'cloud-10', properties: { quota_gb } });
  t.match((await sold('+10')).plan, { data: { quota_gb: 20 }, chosen: { quota_gb: 20 } });
  t.match(await sold(15).catch((error: unknown) => error), {
    fields: { 'properties.quota_gb': /in steps of 10/ },
  });
});

t.test('a plan whose product changed is listed with its problem and cannot be ordered', async (t) => {
  const { context, products } = cloud();
  await createPlan(context, plan());
  const sold = products.get('cloud');
  if (!sold) return t.fail('no product');
  const productData = { type: 'object', properties: {}, required: ['region'] };
  products.set('cloud', { ...sold, declared: { ...sold.declared, productData } });
  t.match(readPlan(context, 'cloud-10'), { problem: 'data.region is missing' });
  await t.rejects(sellPlan(context, PANEL, { plan: 'cloud-10' }), {
    code: 'plan_unusable',
    detail: 'data.region is missing',
  });
  products.delete('cloud');
  t.match(readPlan(context, 'cloud-10'), { problem: 'module cannot be used at the moment' });
});
