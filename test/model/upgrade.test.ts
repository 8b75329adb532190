import t from 'tap';
import type { Plan } from '../../src/model/plan.js';
import {
  excessNow,
  excessOver,
  planProblem,
  staysSentence,
  withDisk,
  withPlan,
} from '../../src/model/upgrade.js';
import type { Changes } from '../fakes/parts.js';
import { aService, basicPlan } from '../fakes/samples.js';

const NOW = '2026-01-01T00:00:00.000Z';
const domain = (name: string) => ({
  ...{ domain: name, www: false, provenBy: 'txt' as const, addedAt: '' },
  certificate: { state: 'none' as const, expiresAt: null, problem: null },
});
const snapshots = ['a', 'b'].map((name) => ({ name, kind: 'backup' as const, createdAt: '' }));
const domains = ['a.test', 'b.test'].map(domain);
const service = (also: Changes = {}) => aService({ snapshots, domains, ...also });
const plan = (also: Partial<Plan> = {}): Plan => ({ ...basicPlan, name: 'small', ...also });

t.test('what is larger than in another plan', async (t) => {
  const over = (also: Partial<Plan>, of: Changes = {}) =>
    excessOver(service(of), plan(also)).map(({ what, has, allowed }) => `${what} ${has} ${allowed}`);
  t.same(over({}), []);
  t.same(over({ backups: 2, domains: 2 }), []);
  t.same(over({ diskGb: 10, backups: 1, domains: 1 }), ['disk 20 10', 'backups 2 1', 'domains 2 1']);
  t.same(over({ diskGb: 20 }, { diskGb: 50 }), [], 'a disk that a former plan left larger stays as it is');
  t.same(over({ diskGb: 10 }, { diskGb: 50 }), ['disk 50 10']);
  t.same(over({ diskGb: 10, backups: 0, domains: 0 }, { guest: null, site: null }), []);
});

t.test('a smaller plan is noted with its time while something stays larger', async (t) => {
  const small = plan({ diskGb: 10 });
  const applied = withPlan(service(), small, NOW);
  t.match(applied, { plan: { name: 'small' }, guest: { diskGb: 20 }, smallerPlanAt: NOW });
  t.same(excessNow(applied), [{ what: 'disk', has: 20, allowed: 10 }]);
  const back = withPlan(applied, basicPlan, NOW);
  t.notOk('smallerPlanAt' in back || 'diskGb' in (back.guest ?? {}));
  t.same(excessNow(back), []);
  t.match(withPlan(service(), plan({ backups: 1 }), NOW), { smallerPlanAt: NOW });
  t.notOk('smallerPlanAt' in withPlan(service(), plan(), NOW));
  t.equal(withPlan(service({ guest: null }), small, NOW).guest, null);
  const larger = withPlan(service({ diskGb: 30 }), plan({ diskGb: 40 }), NOW);
  t.notOk('diskGb' in (larger.guest ?? {}), 'the plan has caught up');
});

t.test('a disk that is as large as the plan says is not noted', async (t) => {
  const { guest } = service();
  if (!guest) return t.fail('no guest');
  t.match(withDisk(guest, 30), { vmid: 1000, diskGb: 30 });
  t.notOk('diskGb' in withDisk({ ...guest, diskGb: 30 }, null));
});

t.test('panels read what stays, and why a plan is refused', async (t) => {
  for (const [what, has, words] of [
    ['disk', 20, 'The disk stays at 20 GB: the plan small has 1 GB, and a disk cannot be made smaller.'],
    ['backups', 2, '2 backups remain, but the plan small allows 1: none can be added until one is deleted.'],
    ['domains', 4, '4 domains remain, but the plan small allows 1: none can be added until 3 are removed.'],
  ] as const)
    t.equal(staysSentence({ what, has, allowed: 1 }, 'small'), words);
  t.match(planProblem(service(), plan({ domains: 1 })), {
    message: /it allows 1 domains, but 2 are in use\.$/,
  });
  t.equal(planProblem(service(), plan()), undefined);
});
