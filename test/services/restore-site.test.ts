import t from 'tap';
import { readOptions, soldWith } from '../../src/model/plan-options.js';
import type { Job } from '../../src/model/job.js';
import { checkOrder } from '../../src/services/check-order.js';
import { mayBeRestored, orderOf, restoredService, type Sale } from '../../src/services/restore-site.js';
import type { Changes } from '../fakes/parts.js';
import { aJob, aService, basicPlan } from '../fakes/samples.js';
import { operations, PANEL } from '../fakes/operations.js';

const NOW = '2026-01-01T00:00:00.000Z';
const held = (also: Changes = {}) =>
  aService({
    lifecycle: 'terminated',
    deletion: { requestedAt: NOW, purgeAt: '2026-01-08T00:00:00.000Z' },
    ...also,
  });

function sale(also: Partial<Parameters<typeof checkOrder>[0]> = {}, plan = basicPlan): Sale {
  const request = {
    service_id: '12',
    email: 'anna@example.com',
    plan: 'basic',
    public_ip: '203.0.113.20',
    ...also,
  };
  const order = checkOrder(request, {
    ...{ baseDomain: 'sites.example.net', blocked: [], infrastructure: [] },
    ...{ reservedNames: new Set<string>(), ownNetworks: [] },
  });
  const data = {
    ...{ data: {}, secrets: {}, properties: order.properties, warnings: [] },
    ...{ isCorrected: false, isUnjudged: false },
  };
  return { key: 'default/12', order, plan, product: operations().product.sold, data, caller: PANEL };
}

t.test('a deleted service may come back while it is held and nothing is under way', async (t) => {
  const purge = (status: Job['status']) => held({ jobs: [aJob({ method: 'purge', status })] });
  t.ok(mayBeRestored(held()));
  t.ok(mayBeRestored(purge('failed')));
  for (const status of ['queued', 'running', 'waiting', 'stuck'] as const)
    t.notOk(mayBeRestored(purge(status)), status);
  t.notOk(mayBeRestored(held({ vmid: null })));
  t.notOk(mayBeRestored(aService({ lifecycle: 'active' })));
});

t.test('an order is kept as it was sent, without what it did not say', async (t) => {
  const bare = { email: 'anna@example.com', plan: 'basic', planWord: 'basic', publicIps: ['203.0.113.20'] };
  t.same(orderOf(sale()), bare);
  const all = {
    subdomain: 'shop',
    domain: 'example.com',
    user_id: '7',
    properties: { a: 1 },
    locale: 'de',
    reservation: 'r',
  };
  const { user_id: userId, ...rest } = all;
  t.same(orderOf(sale(all)), { ...bare, ...rest, userId });
});

t.test('a site comes back with what it had; only an unpaid bill is forgiven', async (t) => {
  const { context } = operations();
  const request = { name: 'old.example', nextAt: NOW, until: NOW, tries: 3, problem: null };
  const jobs = [aJob({ id: 'a', status: 'failed' }), aJob({ id: 'b', status: 'failed' })];
  const was = held({
    suspendedFor: ['billing', 'abuse'],
    proxyEnabled: false,
    domainWish: request,
    userId: '7',
    jobs,
  });
  const back = restoredService(context, sale(), was);
  t.match(back, {
    ...{ lifecycle: 'creating', userId: '7', suspendedFor: ['abuse'], updatedAt: NOW },
    order: { publicIps: ['203.0.113.20'] },
    deletion: { requestedAt: NOW },
    guest: { vmid: 1000 },
    site: { subdomain: 'anna', proxyEnabled: true },
  });
  t.notOk('domainWish' in (back.site ?? {}));
  t.match(back.jobs, [
    { id: 'b' },
    { method: 'restore', policy: { patienceS: 3600 }, pinned: { plan: { name: 'basic' } } },
  ]);
  t.equal(back.jobs.length, 2);
  t.match(restoredService(context, sale({ user_id: '8', locale: 'de', domain: 'new.example' }), was), {
    ...{ userId: '8', locale: 'de' },
    site: { domainWish: { name: 'new.example', tries: 0, problem: null } },
  });
  t.notOk('locale' in back);
});

t.test('another plan, or other options, become an upgrade behind the return', async (t) => {
  const { context, config } = operations();
  const [, premium] = config.plans;
  if (!premium) return t.fail('no plan');
  const methods = (plan: typeof basicPlan, was = held()) =>
    restoredService(context, sale({}, plan), was).jobs.map(
      ({ method, pinned }) => `${method} ${pinned.plan.name}`,
    );
  t.same(methods(basicPlan), ['restore basic']);
  t.same(methods(premium), ['restore basic', 'upgrade premium']);
  const options = [{ name: 'disk_gb', min: 20, max: 60, step: 20 }] as const;
  const plan = { ...basicPlan, options };
  const larger = soldWith(plan, readOptions(plan, { disk_gb: 40 }).chosen);
  t.same(methods(larger), ['restore basic', 'upgrade basic']);
  t.same(methods(larger, held({ plan: larger })), ['restore basic']);
  t.match(restoredService(context, sale({}, larger), held()).jobs.at(-1), {
    args: { plan: 'basic', options: { disk_gb: 40 }, smaller_plan: 'apply' },
  });
});

t.test(
  'it is for its owner alone, and a plan that is too small is refused where that is the rule',
  async (t) => {
    const { context, config } = operations();
    t.throws(() => restoredService(context, sale({ email: 'other@example.com' }), held()), {
      code: 'service_exists',
      message: /until 2026-01-08/,
    });
    const small = { ...basicPlan, name: 'small', diskGb: 5 };
    t.match(restoredService(context, sale({}, small), held()).jobs, [
      { method: 'restore' },
      { method: 'upgrade' },
    ]);
    config.upgrade.smaller_plan = 'refuse';
    t.throws(() => restoredService(context, sale({}, small), held()), { code: 'plan_too_small' });
    t.equal(
      restoredService(context, sale(), held({ diskGb: 50 })).jobs.length,
      1,
      'its own plan always fits',
    );
  },
);
