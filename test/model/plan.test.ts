import t from 'tap';
import { findPlan, sameValues } from '../../src/model/plan.js';
import { OPTION_NAMES } from '../../src/model/plan-option.js';
import { readOptions, soldWith } from '../../src/model/plan-options.js';
import { basicPlan } from '../fakes/samples.js';

t.test('a plan is found by name and alias, without regard to case and blanks', async (t) => {
  const other = { ...basicPlan, name: 'pro', aliases: ['WordPress Pro', 'business'] };
  const found = (word: string) => findPlan([basicPlan, other], word)?.name;
  t.equal(found(' Basic '), 'basic');
  t.equal(found('wordpress   BASIC'), 'basic');
  t.equal(found('Business'), 'pro');
  t.equal(found('wordpress'), undefined);
  t.equal(found(''), undefined);
});

t.test('two plans are the same when the name and all that is sold are', async (t) => {
  t.ok(sameValues(basicPlan, { ...basicPlan, aliases: [] }));
  for (const change of [
    { name: 'pro' },
    ...(['memoryMb', 'swapMb', 'diskGb', 'cores', 'domains', 'backups'] as const).map((field) => ({
      [field]: 99,
    })),
  ])
    t.notOk(sameValues(basicPlan, { ...basicPlan, ...change }), JSON.stringify(change));
});

const plan = {
  ...basicPlan,
  options: [
    { name: 'disk_gb', min: 20, max: 60, step: 20 },
    { name: 'cores', min: 1, max: 4, step: 1 },
  ] as const,
};

t.test(
  'an option is a whole amount within its bounds and steps, or so much more than the plan has',
  async (t) => {
    const chosen = (disk_gb: string | number) => readOptions(plan, { disk_gb }).chosen.disk_gb;
    for (const [sent, value] of [
      [20, 20],
      [40, 40],
      ['60', 60],
      [' 40 ', 40],
      ['+20', 40],
      ['+0', 20],
      ['+40', 60],
      ['+60', undefined],
      [0, undefined],
      [30, undefined],
      [80, undefined],
      [40.5, undefined],
      ['-20', undefined],
      ['40 GB', undefined],
      ['1234567890', undefined],
    ] as const)
      t.equal(chosen(sent), value, JSON.stringify(sent));
    t.same(readOptions(plan, { disk_gb: true }).problems, {
      'properties.disk_gb':
        'must be a whole number from 20 to 60, in steps of 20 from 20, or "+N" for N more than 20',
    });
    t.same(readOptions(plan, { cores: 9 }).problems, {
      'properties.cores': 'must be a whole number from 1 to 4, or "+N" for N more than 2',
    });
  },
);

t.test("what is not sent is not chosen, and what is no option is the product's", async (t) => {
  t.same(readOptions(plan, { disk_gb: null, cores: '', title: 'Shop' }), { chosen: {}, problems: {} });
  t.same(readOptions(plan), { chosen: {}, problems: {} });
  for (const name of OPTION_NAMES.filter((one) => one !== 'disk_gb' && one !== 'cores'))
    t.same(readOptions(plan, { [name]: 1 }).problems, {
      [`properties.${name}`]: 'is not an option of the plan basic',
    });
});

t.test('a sold plan has the values that were chosen, and nothing that is on offer', async (t) => {
  t.same(soldWith(plan, {}), basicPlan);
  t.same(soldWith(plan, { disk_gb: 40 }), { ...basicPlan, diskGb: 40, chosen: { disk_gb: 40 } });
  const all = { memory_mb: 1, swap_mb: 2, disk_gb: 3, cores: 4, domains: 5, backups: 6 };
  t.match(soldWith(plan, all), { memoryMb: 1, swapMb: 2, diskGb: 3, cores: 4, domains: 5, backups: 6 });
});
