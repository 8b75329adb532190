/** Documents of a module's own, with the whole daemon around them. */
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { fields } from '../http/harness.js';
import { type Fields, type House, order } from './harness.js';
import { moduleHouse, rescanned } from './modules.js';
import { alertsOf, completed, failed } from './operator.js';

/** A product that keeps one document for each of its services, and a numbered one for all of them. */
const product = (name: string, { version = '1.0.0', also = '', step = '' } = {}): string => `
const text = { type: 'string' };
export default class Shop {
  info = { type: 'product', name: '${name}', title: 'Shop', description: '', version: '${version}', author: 'x' };
  settings = { type: 'object' };
  parts = [];
  collections = {
    accounts: {
      schema: {
        type: 'object',
        properties: { login: text, size: { type: 'integer', default: 3 }, token: text },
        required: ['login'],
        additionalProperties: false,
      },
      indexes: { size: ['size', 'login'] },
      unique: { login: ['login'] },
      encrypted: ['token'],
      service: true,
    },
    numbers: { schema: { type: 'object', properties: { last: { type: 'integer' } } } },
  };
  ${also}
  policy() { return { tries: 1 }; }
  flow(method) { return method === 'create' ? this.createJob() : {}; }
  createJob() {
    return {
      make: { run: async (ctx) => { ${step} } },
    };
  }
}`;

const USUAL = `
  const { collections } = ctx;
  const { login } = ctx.service.properties;
  const made = await collections.create('accounts', { key: ctx.service.id, data: { login, token: 'canary-token' } });
  const next = await collections.update('accounts', made.key, { ...made.data, size: 5 }, made.version);
  const late = await collections.update('accounts', made.key, made.data, made.version).catch((error) => error.code);
  const twice = await collections.create('accounts', { data: { login } }).catch((error) => error.code);
  const wrong = await collections.create('accounts', { data: { login, size: 'x' } }).catch((error) => error.detail);
  const found = await collections.find('accounts', 'size', [5, login]);
  const keys = [];
  for await (const { key } of collections.each('accounts', { limit: 1 })) keys.push(key);
  const own = await collections.page('accounts', { service: ctx.service });
  const foreign = await collections.get('others', 'x').catch((error) => error.detail);
  await collections.insertMany('numbers', [{ key: 'n-' + login, data: { last: 1 } }]);
  const gone = [await collections.delete('numbers', 'n-' + login), await collections.delete('numbers', 'n-' + login)];
  await ctx.saveData({ made, next, late, twice, wrong, found, keys, own: own.documents.length, foreign, gone });
`;

async function textsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const files = names.filter((name) => /\.\w*json$/.test(name));
  return Promise.all(files.sort().map((name) => readFile(join(folder, name), 'utf8')));
}

async function dataOf(stateDir: string, id: string): Promise<Fields> {
  const services = (await textsIn(join(stateDir, 'services'))).map((text) => fields(JSON.parse(text)));
  return fields(services.find((service) => service['id'] === id)?.['data']);
}

const buy = (house: House, id: string, module: string): Promise<unknown> =>
  house.post('/create-site', order(id, { module, properties: { login: id } }));

t.test('a module stores, changes, finds and deletes its own documents', async (t) => {
  const { house, stateDir } = await moduleHouse(t, {
    shop: product('shop', { step: USUAL }),
    other: product('other', { step: USUAL }),
  });
  for (const [id, module] of [
    ['a', 'shop'],
    ['b', 'shop'],
    ['c', 'other'],
  ] as const) {
    t.match(await buy(house, id, module), { status: 202 });
    await house.untilStatus(id, completed);
  }
  const data = await dataOf(stateDir, 'b');
  t.match(data, {
    made: { key: 'b', version: 1, service: { panel: 'default', id: 'b' }, data: { login: 'b', size: 3 } },
    next: { version: 2, data: { size: 5, token: { secret: 'collection/accounts/token/b' } } },
    ...{ late: 'document_conflict', twice: 'document_conflict', own: 1, gone: [true, false] },
    ...{ wrong: /accounts does not fit its schema: data.size must be integer/, found: { key: 'b' } },
    ...{ keys: ['a', 'b'], foreign: /declares no collection others/ },
  });
  t.same((await dataOf(stateDir, 'c'))['keys'], ['c'], 'each module has its own documents');
  for (const text of [...(await textsIn(stateDir)), house.log.join('')]) t.notMatch(text, /canary-token/);
  await house.restart();
  t.match(await buy(house, 'd', 'shop'), { status: 202 });
  await house.untilStatus('d', completed);
  t.same((await dataOf(stateDir, 'd'))['keys'], ['a', 'b', 'd'], 'they are there after a restart');
});

t.test('documents of a service are deleted when it is purged, and not before', async (t) => {
  const { house, stateDir } = await moduleHouse(t, { shop: product('shop', { step: USUAL }) });
  for (const id of ['a', 'b']) {
    await buy(house, id, 'shop');
    await house.untilStatus(id, completed);
  }
  t.match((await house.settled('/delete-site', { service_id: 'a' })).body, { status: 'terminated' });
  const gone = async (): Promise<boolean> => {
    const [text = ''] = await textsIn(join(stateDir, 'collections', 'product', 'shop', 'accounts'));
    return text.includes('"key":"a","deleted":true');
  };
  for (let n = 0; n < 600 && !(await gone()); n += 1) await new Promise((resolve) => setTimeout(resolve, 50));
  t.ok(await gone());
  await buy(house, 'c', 'shop');
  await house.untilStatus('c', completed);
  t.same((await dataOf(stateDir, 'c'))['keys'], ['b', 'c']);
});

t.test(
  'documents are migrated by an update, and an update without a migration that is needed is refused',
  async (t) => {
    const step = `
    const login = ctx.service.properties.login;
    await ctx.collections.create('accounts', { key: login, data: { login, token: 'canary-token' } });
    const all = [];
    for await (const one of ctx.collections.each('accounts')) all.push(one);
    await ctx.saveData({ all });`;
    const { house, install, stateDir } = await moduleHouse(t, { shop: product('shop', { step }) });
    const buyNow = async (id: string): Promise<Fields> => {
      await buy(house, id, 'shop');
      await house.untilStatus(id, (status) => completed(status) || failed(status));
      return dataOf(stateDir, id);
    };
    await buyNow('a');
    const change = (code: string): string =>
      code
        .replace("required: ['login']", "required: ['login', 'plan']")
        .replace('token: text', 'token: text, plan: { ...text, default: "small" }');
    await install('shop', change(product('shop', { version: '1.1.0', step })));
    t.match(await rescanned(house, 'product/shop'), {
      ...{ state: 'active', version: '1.0.0', update_available: true, available_version: '1.1.0' },
      reason: /update to 1\.1\.0 failed: .*but no migration for them/,
    });
    t.match(
      (await buyNow('b'))['all'],
      [{ key: 'a', version: 1 }, { key: 'b' }],
      'the former version is used',
    );

    const migrations = (body: string): string => `migrations = [{
    from: '1.0.0', to: '1.2.0', collections: ['accounts'],
    run({ data, service }, name) { ${body} },
  }];`;
    const broken = migrations("throw new Error('no plan for ' + data.login)");
    await install('shop', change(product('shop', { version: '1.2.0', step, also: broken })));
    t.match(await rescanned(house, 'product/shop'), {
      version: '1.0.0',
      reason: /the document a: no plan for a/,
    });
    t.match((await buyNow('c'))['all'], [{ version: 1 }, { version: 1 }, { key: 'c' }]);

    const good = migrations("return { ...data, plan: name + ' of ' + service.id };");
    await install('shop', change(product('shop', { version: '1.2.1', step, also: good })));
    t.match(await rescanned(house, 'product/shop'), { state: 'active', version: '1.2.1', reason: null });
    const { all } = await buyNow('d');
    t.match(all, [
      {
        key: 'a',
        version: 2,
        data: { plan: 'accounts of a', token: { secret: 'collection/accounts/token/a' } },
      },
      { key: 'b', version: 2, data: { plan: 'accounts of b' } },
      { key: 'c', version: 2 },
      { key: 'd', version: 1, data: { plan: 'small' } },
    ]);
    const files = (await textsIn(join(stateDir, 'collections'))).join('');
    t.match(files, /"migration":1/);
    t.notMatch(files, /canary-token/);
  },
);

t.test('a damaged collection is reported, its jobs wait, and other products are made', async (t) => {
  const { house, stateDir } = await moduleHouse(t, { shop: product('shop', { step: USUAL }) });
  await buy(house, 'a', 'shop');
  await house.untilStatus('a', completed);
  const folder = join(stateDir, 'collections', 'product', 'shop', 'accounts');
  const [name = ''] = await readdir(folder);
  const text = await readFile(join(folder, name), 'utf8');
  await writeFile(join(folder, name), text.replace('"batch":1', '"bitch":1'));
  await house.restart();
  await buy(house, 'b', 'shop');
  await house.make('site');
  const [alert] = await alertsOf(house, 'document_damaged', 1);
  t.match(String(alert?.['message'] ?? alert?.['text']), /collections\.product\.shop\.accounts/);
  t.ok(house.log.some((line) => line.includes('a damaged document was set aside')));
  const [aside = ''] = await readdir(join(stateDir, 'damaged'));
  await house.restart();
  await writeFile(join(folder, name), text);
  await rm(join(stateDir, 'damaged', aside));
  await house.untilStatus('b', completed);
  t.same((await dataOf(stateDir, 'b'))['keys'], ['a', 'b'], 'after the operator has put it back');
});
