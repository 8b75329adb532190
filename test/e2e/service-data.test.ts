import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { fields } from '../http/harness.js';
import { type Fields, openHouse, order } from './harness.js';
import { alertsOf, completed, failed, innkeeper, list, withAdmin } from './operator.js';

const CANARY = 'canary-Zk3VtQx2mZ7r-api-key';
const NEXT = 'canary-Lw8HuPb4nT6s-api-key';

const MODULE = `
export default class Cloud {
  info = { type: 'product', name: 'cloud', title: 'Cloud', description: '', version: '1.0.0', author: 'x' };
  settings = { type: 'object' };
  productData = { type: 'object', properties: { seats: { type: 'integer', default: 5 } } };
  serviceData = {
    type: 'object',
    properties: {
      login: { type: 'string', minLength: 3, transform: ['trim', 'toLowerCase'] },
      tier: { type: 'string', enum: ['small', 'large'], default: 'small', changeable: true },
      seats: { type: 'integer', minimum: 1, changeable: true },
      api_key: { type: 'string', minLength: 8, secret: true, changeable: true },
      seen: { type: 'string' },
    },
    required: ['login'],
    additionalProperties: false,
  };
  checkService(data, product) {
    if (JSON.stringify(data).includes('canary')) return { errors: { login: 'the secret was shown to the module' } };
    if (data.login.startsWith('loop')) for (;;);
    if (data.seats > product.seats) return { errors: { seats: 'exceeds the plan' } };
    if (data.login === 'never') return { errors: { login: 'is reserved' } };
  }
  flow(method) { return method === 'create' ? this.createJob() : {}; }
  policy() { return {}; }
  createJob() {
    return {
      make: {
        run: async ({ service, saveData, log }) => {
          log.info('made', { data: service.data, properties: service.properties });
          await saveData({ seen: JSON.stringify([service.data, service.properties]) });
          if (service.data.login === 'wrong') await saveData({ tier: 'huge' });
          if (service.data.login === 'more') await saveData({ other: 1 });
        },
      },
    };
  }
}`;

async function withCloud(written: Fields, stateDir: string): Promise<Fields> {
  const at = join(stateDir, 'more', 'product', 'cloud');
  await mkdir(at, { recursive: true });
  await writeFile(join(at, 'package.json'), '{"type":"module"}');
  await writeFile(join(at, 'module.js'), MODULE);
  return {
    ...(await withAdmin(written)),
    modules: { paths: [join(stateDir, 'more')] },
    plans: [{ name: 'cloud', module: 'cloud' }],
  };
}

/** All files of the state, as one text. */
async function stateText(dir: string): Promise<string> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n');
}

t.test('the properties of an order are checked, and its secrets are shown nowhere', async (t) => {
  let stateDir = '';
  const house = await openHouse(t, {
    config: (written, dir) => {
      stateDir = join(dir, 'agent');
      return withCloud(written, dir);
    },
  });
  const said: unknown[] = [];
  const sold = async (id: string, properties: object) => {
    const answer = await house.post('/create-site', order(id, { plan: 'cloud', properties }));
    said.push(answer);
    return answer;
  };
  t.match(await sold('a', { login: ' Anna ', tier: 'huge', seats: 9, api_key: CANARY, logn: 'x' }), {
    status: 202,
    body: {
      warnings: [
        'properties.logn is not known; did you mean login?',
        'properties.tier must be one of: small, large: the default is used.',
        'properties.seats exceeds the plan: it is left out.',
      ],
    },
  });
  const status = await house.untilStatus('a', completed);
  const shown = (await house.get('/services/a')).body;
  t.same(shown['data'], {
    login: 'anna',
    tier: 'small',
    api_key: '********',
    seen: JSON.stringify([
      { login: 'anna', api_key: { secret: 'data.api_key' }, tier: 'small' },
      { login: 'anna', api_key: { secret: 'data.api_key' } },
    ]),
  });
  t.match(await alertsOf(house, 'order_corrected', 1), [{ text: /service a \(plan cloud\)/ }]);
  t.match(await sold('b', { login: 'x' }), {
    status: 400,
    body: { errors: { 'properties.login': 'must not have fewer than 3 characters' } },
  });
  t.match(await sold('b', { login: 'never' }), {
    status: 400,
    body: { errors: { 'properties.login': 'is reserved' } },
  });

  const change = async (properties: object) => {
    const answer = await house.call('PATCH', '/services/a', { properties });
    said.push(answer);
    return answer;
  };
  t.match(await change({ tier: 'large', api_key: NEXT, login: 'anna' }), {
    status: 200,
    body: { data: { tier: 'large', api_key: '********' } },
  });
  t.match(await change({ seats: 9 }), {
    status: 400,
    body: { errors: { 'properties.seats': 'exceeds the plan' } },
  });
  t.match(await change({ login: 'bert' }), {
    status: 400,
    body: { errors: { 'properties.login': 'cannot be changed' } },
  });
  await house.restart();
  t.match((await house.get('/services/a')).body, { data: { tier: 'large', api_key: '********' } });
  for (const path of ['/services/a/overview', '/services', '/jobs', '/events', '/audit', '/alerts?all=true'])
    said.push(await house.get(path));
  said.push((await innkeeper(house, 'service', 'show', 'a', '--json')).out, status, shown, house.log);
  const state = await stateText(stateDir);
  for (const canary of [CANARY, NEXT]) {
    t.notMatch(JSON.stringify(said), canary, 'responses and log');
    t.notOk(state.includes(canary), 'state');
  }
});

t.test('a check that hangs delays an order, and is repeated by its first step', async (t) => {
  const house = await openHouse(t, { config: withCloud });
  const sold = await house.post(
    '/create-site',
    order('a', { plan: 'cloud', properties: { login: 'loop-a' } }),
  );
  t.match(sold, { status: 202 });
  await house.make('b', { plan: 'cloud', properties: { login: 'bert' } });
  const job = await house.until(
    `/jobs/${String(sold.body['job_id'])}`,
    ({ steps }) => list(steps).length > 0,
  );
  t.match(
    list(job['steps']).map(({ name, after }) => [name, after]),
    [
      ['check-data', []],
      ['make', ['check-data']],
    ],
  );
  t.match(await house.get('/health'), { status: 200 });
  t.match(await house.post('/delete-site', { service_id: 'a' }), { status: /^20[02]$/ });
});

t.test('what a step saves must match the schema', async (t) => {
  const house = await openHouse(t, { config: withCloud });
  for (const [id, login, detail] of [
    ['a', 'wrong', /tier must be one of: small, large/],
    ['b', 'more', /other is not known/],
  ] as const) {
    await house.post('/create-site', order(id, { plan: 'cloud', properties: { login } }));
    const { error } = await house.untilStatus(id, failed);
    t.match(error, { code: 'module_failed' });
    const jobs = list((await house.get(`/services/${id}`)).body['jobs']);
    t.match(fields(jobs.at(-1)?.['reason'] ?? jobs.at(-1)?.['error'])['detail'], detail);
  }
});
