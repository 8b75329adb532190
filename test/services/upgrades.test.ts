/** Which upgrade is a change, what it warns of, and what it joins. */
import t from 'tap';
import type { Job } from '../../src/model/job.js';
import { capacityOf } from '../../src/services/capacity.js';
import { checkUpgrade, upgrade } from '../../src/services/upgrade.js';
import type { Changes } from '../fakes/parts.js';
import { aJob, aService, basicPlan } from '../fakes/samples.js';
import { operations, PANEL } from '../fakes/operations.js';

const NOW = '2026-01-01T00:00:00.000Z';

function site(also: Changes = {}) {
  const of = operations(aService({ lifecycle: 'active', ...also }));
  const ask = (plan: string, properties?: Job['args']) =>
    upgrade(of.context, PANEL, '12', { plan, properties });
  const check = (plan: string, properties?: Job['args']) =>
    checkUpgrade(of.context, PANEL, '12', { plan, properties });
  return { ...of, ask, check };
}

t.test('an upgrade is a job with the plan pinned; the service has it when that has ended', async (t) => {
  const { ask, service, memory } = site();
  const { job, warnings } = await ask(' Premium ');
  t.match(job, {
    method: 'upgrade',
    args: { plan: 'premium', options: {}, smaller_plan: 'apply' },
    pinned: { plan: { name: 'premium' } },
  });
  t.same(warnings, []);
  t.match(await service(), { plan: { name: 'basic' } });
  t.equal((await ask('premium')).job?.id, job?.id, 'the same request joins');
  t.match((await ask('basic')).job, { args: { plan: 'basic' } }, 'back again is a change');
  t.equal(memory.writes(), 2);
});

t.test('the plan that a service has already is no change, and an alert tells of it', async (t) => {
  const { ask, check, notices, memory } = site();
  t.match(await ask('WordPress Basic'), { job: undefined, warnings: [/plan basic/] });
  t.same(notices, [
    { kind: 'upgrade_without_change', panel: 'default', plan: 'WordPress Basic', service: '12' },
  ]);
  t.equal(memory.writes(), 0);
  t.match(await check('premium'), { isChange: true, plan: { name: 'premium' } });
  for (const [what, jobs, isChange] of [
    ['failed and waiting for somebody', [aJob({ method: 'upgrade', status: 'failed', endedAt: NOW })], true],
    ['on its way', [aJob({ method: 'upgrade', args: { plan: 'premium', options: {} } })], true],
    ['called off', [aJob({ method: 'upgrade', cancel: { at: NOW, undo: true } })], false],
    ['ended', [aJob({ method: 'upgrade', status: 'completed', endedAt: NOW })], false],
    ['another kind', [aJob({ method: 'stop' })], false],
  ] as const)
    t.equal((await site({ jobs }).check('basic')).isChange, isChange, what);
});

t.test('a smaller plan is applied with a warning, or refused where that is the rule', async (t) => {
  const large = { ...basicPlan, name: 'large', diskGb: 50 };
  const of = site({ plan: large });
  t.match((await of.check('basic')).warnings, [/^The disk stays at 50 GB/]);
  of.config.upgrade.smaller_plan = 'refuse';
  await t.rejects(of.check('basic'), { code: 'plan_too_small' });
  await t.rejects(of.ask('basic'), { code: 'plan_too_small' });
  t.match((await of.ask('premium')).job, { args: { smaller_plan: 'refuse' } });
  t.equal(of.memory.writes(), 1);
});

t.test('a plan is known by its name even when it is no longer sold; an unknown one is refused', async (t) => {
  const { check, notices } = site({ plan: { ...basicPlan, name: 'old', aliases: ['Former'] } });
  t.match(await check('former'), { isChange: false, plan: { name: 'old' } });
  await t.rejects(check(`none${'x'.repeat(99)}`), {
    code: 'unknown_plan',
    fields: { plan: 'must be one of: basic, premium' },
  });
  t.match(notices, [{ kind: 'unknown_plan', plan: `none${'x'.repeat(60)}` }]);
});

t.test(
  'options stay with the plan unless they are named, and another plan begins with its own',
  async (t) => {
    const options = [
      { name: 'disk_gb', min: 20, max: 100, step: 20 },
      { name: 'cores', min: 1, max: 8, step: 1 },
    ] as const;
    const of = site({ plan: { ...basicPlan, diskGb: 40, chosen: { disk_gb: 40 } } });
    of.config.plans = of.config.plans.map((plan) => ({ ...plan, options: [...options] }));
    t.match(await of.check('basic', { cores: 4 }), {
      isChange: true,
      plan: { diskGb: 40, cores: 4, chosen: { disk_gb: 40, cores: 4 } },
    });
    t.match(await of.check('basic'), { isChange: false });
    t.match(await of.check('premium'), { plan: { diskGb: 80, cores: 4 } });
    await t.rejects(of.check('basic', { disk_gb: 50 }), { code: 'invalid_request' });
    const { job } = await of.ask('basic', { disk_gb: 60 });
    t.equal((await of.ask('basic', { disk_gb: '60' })).job?.id, job?.id);
    t.not((await of.ask('basic', { disk_gb: 80 })).job?.id, job?.id);
  },
);

t.test('what can be sold is what is short first, without what is held for others', async (t) => {
  const of = site();
  const [plan] = of.config.plans;
  if (!plan) return t.fail('no plan');
  const now = () => capacityOf(of.context, plan, of.product.sold);
  const { proxmox } = of.config.container_host;
  proxmox.vmids = { first: 10_000, last: 10_009 };
  t.same(now(), { available: 10, limitedBy: ['vmids'], reserved: 0, waiting: 0 });
  of.room.count = 4;
  t.same(now(), { available: 4, limitedBy: ['nodes'], reserved: 0, waiting: 0 });
  proxmox.vmids = { first: 10_000, last: 10_003 };
  t.same(now().limitedBy, ['vmids', 'nodes']);
  of.room.count = 5000;
  proxmox.vmids = { first: 10_000, last: 19_999 };
  t.same(now().available, 1000);
  t.same(now().limitedBy, []);
  const waits = aService({
    id: '13',
    lifecycle: 'creating',
    vmid: null,
    addresses: [],
    subdomain: 'x',
    jobs: [aJob()],
  });
  await of.memory.services.commit('default/13', () => waits);
  proxmox.vmids = { first: 10_000, last: 10_009 };
  t.same(now(), { available: 9, limitedBy: ['vmids'], reserved: 0, waiting: 1 });
  proxmox.vmids = { first: 10_000, last: 10_000 };
  t.equal(now().available, 0);
  of.cluster.view = undefined;
  t.same(now(), { available: null, limitedBy: [], reserved: 0, waiting: 1 });
  of.product.sold = { ...of.product.sold, declared: { ...of.product.sold.declared, parts: ['site'] } };
  t.same(now(), { available: 1000, limitedBy: [], reserved: 0, waiting: 1 });
});
