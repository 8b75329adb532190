import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { stringify } from 'yaml';
import { readPlans } from '../../src/config/plans-file.js';

const SIZES = { memory_mb: 2048, disk_gb: 20, cores: 2, domains: 3, backups: 2 };

/** What a plans file with these plans becomes. */
async function read(t: Test, ...plans: object[]) {
  const dir = await mkdtemp(join(tmpdir(), 'innkeeper-plans-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const file = join(dir, 'plans.yaml');
  await writeFile(file, stringify({ plans }));
  const { plans: found, problems } = await readPlans({ plans_file: file });
  return {
    plans: found,
    problems: problems.map(({ key, problem }) => `${key.replace(/^.*\) /, '')}: ${problem}`),
  };
}

t.test('a plan that names no product has all sizes, as before', async (t) => {
  const { plans, problems } = await read(t, { name: 'basic', ...SIZES });
  t.same(problems, []);
  t.same(plans, [
    {
      ...{ name: 'basic', aliases: [], memoryMb: 2048, swapMb: 512, diskGb: 20, cores: 2 },
      ...{ domains: 3, backups: 2 },
    },
  ]);
  const some = { disk_gb: 20, cores: 2, domains: 3 };
  t.match((await read(t, { name: 'basic', ...some })).problems, [
    /^plans\.0\.memory_mb: found nothing/,
    /^plans\.0\.backups: found nothing/,
  ]);
});

t.test('a plan of a product may have no sizes, and holds its data and options', async (t) => {
  const options = [{ name: 'quota_gb', max: 50, step: 10 }];
  const { plans, problems } = await read(t, {
    ...{ name: 'cloud', module: 'cloud', data: { quota_gb: 10, tier: 'small' } },
    options,
  });
  t.same(problems, []);
  t.match(plans, [
    {
      ...{ module: 'cloud', memoryMb: 0, diskGb: 0, cores: 0, domains: 0, backups: 0 },
      data: { quota_gb: 10, tier: 'small' },
      options: [{ name: 'quota_gb', min: 10, max: 50, step: 10 }],
    },
  ]);
});

t.test('an option that is no number of the plan is a problem', async (t) => {
  for (const [name, data] of [
    ['quota_gb', {}],
    ['tier', { tier: 'small' }],
  ] as const) {
    const plan = { name: 'cloud', module: 'cloud', data, options: [{ name, max: 5 }] };
    t.match(
      (await read(t, plan)).problems,
      [/^plans\.0\.options\.0\.name: found \w+, expected memory_mb/],
      name,
    );
  }
  const small = {
    name: 'cloud',
    module: 'cloud',
    data: { seats: 9 },
    options: [{ name: 'seats', min: 1, max: 5 }],
  };
  t.match((await read(t, small)).problems, [/own value 9/]);
});
