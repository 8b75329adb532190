import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { asObject, fields } from '../http/harness.js';
import { type Fields, type House, openHouse, order } from './harness.js';
import { rescanned } from './modules.js';
import { completed, innkeeper, list, withAdmin } from './operator.js';

/** A product of another author that sells records with a quota. Each call of its check is a line in `calls`. */
const moduleCode = (calls: string, check = ''): string => `
import { appendFileSync } from 'node:fs';
export default class Cloud {
  info = { type: 'product', name: 'cloud', title: 'Cloud', description: '', version: '1.0.0', author: 'x' };
  settings = { type: 'object' };
  productData = {
    type: 'object',
    properties: { quota_gb: { type: 'integer', minimum: 1, default: 10 }, region: { type: 'string' } },
    additionalProperties: false,
  };
  async checkProduct(data) {
    appendFileSync(${JSON.stringify(calls)}, JSON.stringify(data) + '\\n');
    ${check}
    if (data.region === 'loop') for (;;);
    if (data.region === 'exit') process.exit(3);
    if (data.region === 'moon') return { errors: { region: 'must be on Earth' } };
    if (data.region === 'north') return { data: { ...data, region: 'north-1' } };
  }
  flow(method) { return method === 'create' ? this.createJob() : {}; }
  policy() { return {}; }
  createJob() {
    return { make: { run: ({ service, saveData }) => saveData({ sold: service.plan.data }) } };
  }
}`;

interface Cloud {
  readonly house: House;
  /** What the check was asked so far. */
  readonly asked: () => Promise<string[]>;
  readonly install: (check?: string) => Promise<void>;
}

async function openCloud(t: Test, plans: readonly object[] = []): Promise<Cloud> {
  let folder = '';
  let calls = '';
  const install = async (check?: string): Promise<void> => {
    const at = join(folder, 'product', 'cloud');
    await mkdir(at, { recursive: true });
    await writeFile(join(at, 'package.json'), '{"type":"module"}');
    await writeFile(join(at, 'module.js'), moduleCode(calls, check));
  };
  const house = await openHouse(t, {
    config: async (written, stateDir): Promise<Fields> => {
      folder = join(stateDir, 'more');
      calls = join(stateDir, 'calls');
      await writeFile(calls, '');
      await install();
      const basic = { name: 'basic', memory_mb: 2048, disk_gb: 20, cores: 2, domains: 3, backups: 2 };
      return {
        ...(await withAdmin(written)),
        modules: { paths: [folder], read_timeout_s: 3 },
        plans: [basic, ...plans],
      };
    },
  });
  const asked = async (): Promise<string[]> =>
    (await readFile(calls, 'utf8')).split('\n').filter((line) => line !== '');
  return { house, asked, install };
}

t.test('plans are created, sold, replaced and deleted, and survive a restart', async (t) => {
  const { house, asked } = await openCloud(t);
  const cloud = { name: 'cloud-10', module: 'cloud', aliases: ['Cloud 10'] };
  t.match(await house.post('/plans', cloud), {
    status: 201,
    body: { module: 'cloud', data: { quota_gb: 10 }, source: 'api', available: true, problem: null },
  });
  t.match(await house.post('/plans', cloud), { status: 409, body: { code: 'plan_exists' } });
  t.match(await house.post('/plans', { ...cloud, name: 'x', aliases: [], data: { region: 'moon' } }), {
    status: 400,
    body: { code: 'invalid_request', errors: { 'data.region': 'must be on Earth' } },
  });
  t.match(await house.post('/create-site', order('c1', { plan: 'cloud 10' })), { status: 202 });
  await house.untilStatus('c1', completed);
  t.match((await house.get('/services/c1')).body, { module: 'cloud', plan: 'cloud-10' });
  t.match(await house.post('/create-site', order('c2', { plan: 'cloud-10', module: 'wordpress' })), {
    status: 409,
    body: { code: 'module_conflict', errors: { module: /must be cloud/ } },
  });
  t.match(await house.post('/wp/upgrade', { service_id: 'c1', plan: 'basic' }), {
    status: 409,
    body: { code: 'module_conflict' },
  });
  t.match(await house.call('DELETE', '/plans/cloud-10'), { status: 409, body: { code: 'plan_in_use' } });
  t.match(await house.call('DELETE', '/plans/basic'), { status: 409, body: { code: 'plan_read_only' } });

  const before = await asked();
  await house.restart();
  t.same(await asked(), before, 'no module code runs when nothing has changed');
  t.match(await house.get('/plans/cloud-10'), { status: 200, body: { data: { quota_gb: 10 } } });
  const replaced = { ...cloud, name: undefined, data: { region: 'north', quota_gb: 5 } };
  t.match(await house.call('PUT', '/plans/cloud-10', replaced), {
    status: 200,
    body: { data: { region: 'north-1', quota_gb: 5 } },
  });
  t.match(await house.call('PUT', '/plans/none', {}), { status: 404, body: { code: 'plan_not_found' } });
  const table = (await innkeeper(house, 'plan', 'list')).out;
  t.match(table, /basic +- +2048 +20 +2 +file/);
  t.match(table, /cloud-10 +cloud +0 +0 +0 +api/);
  t.match(asObject((await innkeeper(house, 'plan', 'show', 'cloud-10', '--json')).out), {
    data: { region: 'north-1' },
  });
  t.match((await innkeeper(house, 'plan', 'show', 'cloud-10')).out, /"quota_gb": 5/);

  t.match(await house.settled('/delete-site', { service_id: 'c1' }), { status: 200 });
  t.match(await house.call('DELETE', '/plans/cloud-10'), { status: 200, body: { name: 'cloud-10' } });
  await house.restart();
  t.match(await house.get('/plans/cloud-10'), { status: 404 });
});

t.test('a check that hangs or dies makes one plan unusable, and nothing else', async (t) => {
  const { house, install } = await openCloud(t, [
    { name: 'loops', module: 'cloud', data: { region: 'loop' } },
    { name: 'exits', module: 'cloud', data: { region: 'exit' } },
    { name: 'small', module: 'cloud', data: { quota_gb: 0 } },
    { name: 'gone', module: 'nobody' },
    { name: 'fine', module: 'cloud' },
  ]);
  const listed = await house.until('/plans', ({ plans }) =>
    list(plans).every(({ problem }) => !/has not finished/.test(String(problem))),
  );
  const plans = new Map(list(listed['plans']).map((plan) => [String(plan['name']), plan]));
  const problem = (name: string): unknown => fields(plans.get(name))['problem'];
  t.match(problem('loops'), /did not finish within 3 s/);
  t.match(problem('exits'), /ended the process/);
  t.match(problem('small'), /data\.quota_gb must be >= 1/);
  t.match(problem('gone'), /module cannot be used/);
  t.equal(problem('fine'), null);
  t.equal(problem('basic'), null);
  t.match(await house.post('/create-site', order('a', { plan: 'small' })), {
    status: 409,
    body: { code: 'plan_unusable', error: /cannot be ordered/ },
  });
  t.match(await house.post('/create-site', order('a', { plan: 'gone' })), {
    status: 400,
    body: { code: 'unknown_module' },
  });
  const checked = await innkeeper(house, 'config', 'check');
  t.match(checked, { code: 1, err: /plans \(small\): data\.quota_gb must be >= 1/ });
  t.match(checked.err, /plans \(gone\): module cannot be used/);
  await house.make('b', { plan: 'fine' });
  await house.make('site');

  await install("if (data.region === 'exit') return;");
  await rescanned(house, 'product/cloud');
  // the new version was asked
  await house.until('/plans/exits', ({ available }) => available === true);
});
