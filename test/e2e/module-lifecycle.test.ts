/** Activation, update and deactivation of modules, with the whole daemon around them. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import t from 'tap';
import { freePort } from '../fakes/free-port.js';
import { asObject, fields } from '../http/harness.js';
import { type Fields, order } from './harness.js';
import { changed, moduleHouse, rescanned, settled } from './modules.js';
import { alertsOf, completed, innkeeper, list } from './operator.js';

interface Parts {
  readonly version?: string;
  /** Members of the class. */
  readonly also?: string;
  /** Statements of the only step of a creation. */
  readonly step?: string;
}

const product = (name: string, { version = '1.0.0', also = '', step = '' }: Parts = {}): string => `
export default class Own {
  info = { type: 'product', name: '${name}', title: 'Own', description: '', version: '${version}', author: 'x' };
  settings = {
    type: 'object',
    properties: { url: { type: 'string', default: 'http://x' }, token: { type: 'string', minLength: 5, secret: true } },
    additionalProperties: false,
  };
  parts = [];
  collections = { notes: { schema: { type: 'object', properties: { word: { type: 'string' } } } } };
  ${also}
  policy() { return { tries: 1 }; }
  flow(method) { return method === 'create' ? this.createJob() : {}; }
  createJob() {
    return { make: { run: async (ctx) => { ${step} }, undo: ({ saveData }) => saveData({ undone: '${version}' }) } };
  }
}`;

const ERROR = "throw new Error('no luck');";
const MADE = (version: string): string => `await ctx.saveData({ made: '${version}' });`;

t.test('a module is activated, deactivated and purged by jobs of its own', async (t) => {
  const also = `
    async activate(ctx) {
      await ctx.secrets.put('key', 'canary-own-key');
      await ctx.collections.create('notes', { key: 'n', data: { word: 'canary-note' } }).catch(() => {});
      ctx.log.info('was activated');
    }
    async deactivate(ctx) { ctx.log.info('was deactivated', { notes: (await ctx.collections.get('notes', 'n')).data }); }`;
  const { house, stateDir, install } = await moduleHouse(t, {
    shop: product('shop', { also, step: MADE('1.0.0') }),
  });
  t.match(await house.until('/modules/product/shop', ({ state }) => state === 'active'), {
    ...{ state: 'active', reason: null },
    jobs: [{ method: 'activateModule', status: 'completed', version: '1.0.0' }],
  });
  await house.until('/modules/product/shop/log', ({ lines }) =>
    list(lines).some(({ message }) => message === 'was activated'),
  );
  t.match((await innkeeper(house, 'module', 'log', 'product/shop')).out, /info +was activated/);
  await house.make('a', { module: 'shop' });
  t.match(await house.post('/modules/product/shop/deactivate', {}), {
    status: 409,
    body: { code: 'module_in_use' },
  });
  await house.settled('/delete-site', { service_id: 'a' });

  t.match(await changed(house, 'product/shop', 'deactivate'), {
    state: 'inactive',
    reason: 'it was deactivated',
  });
  t.match(await house.post('/create-site', order('b', { module: 'shop' })), { status: 400 });
  await house.restart();
  t.match((await house.get('/modules/product/shop')).body, { state: 'inactive' }, 'also after a restart');
  await alertsOf(house, 'module_unusable', 0);
  const record = (): Promise<string> => readFile(join(stateDir, 'module-records/product.shop.json'), 'utf8');
  t.match(await record(), /"key": \{/);
  t.notMatch((await record()) + house.log.join(''), /canary-own-key/);
  t.match(await house.post('/modules/product/shop/deactivate', {}), { status: 200, body: { job_id: null } });

  t.match(
    (await innkeeper(house, 'module', 'activate', 'product/shop')).out,
    /product\/shop 1\.0\.0 is active/,
  );
  t.match(await house.post('/modules/product/shop/activate', {}), { status: 200, body: { job_id: null } });
  t.match(await changed(house, 'product/shop', 'deactivate', { purge: true }), { state: 'inactive' });
  t.notMatch(await record(), /"key": \{/);
  t.match((await house.get('/modules/product/shop/log')).body, { lines: [] });
  await install(
    'shop',
    product('shop', {
      also: "async activate(ctx) { if (await ctx.collections.get('notes', 'n')) throw new Error('not purged'); }",
    }),
  );
  await house.post('/modules/rescan', {});
  t.match(await changed(house, 'product/shop', 'activate'), { state: 'active' });
});

t.test('a failed activation leaves nothing, is reported, and is not repeated by itself', async (t) => {
  const also = `
    activateJob() {
      return {
        far: { run: (ctx) => ctx.collections.create('notes', { key: 'n', data: {} }), undo: (ctx) => ctx.log.warn('taken back') },
        near: { after: ['far'], run: async () => { ${ERROR} } },
      };
    }`;
  const { house, install, stateDir } = await moduleHouse(t, { shop: product('shop', { also }) });
  t.match(await house.until('/modules/product/shop', ({ state }) => state === 'error'), {
    reason: /its activation failed: .*no luck/,
    jobs: [{ status: 'failed', error: /no luck/ }],
  });
  await alertsOf(house, 'module_unusable', 1);
  t.match((await innkeeper(house, 'doctor')).out, /WRONG +modules +.*shop: its activation failed/);
  t.match(await house.post('/create-site', order('a', { module: 'shop' })), { status: 400 });
  t.ok(house.log.some((line) => line.includes('taken back')));
  t.same(await readdir(join(stateDir, 'collections/product/shop/notes')), []);
  await house.restart();
  t.match((await house.get('/modules/product/shop')).body, { state: 'error', jobs: { length: 1 } });
  await install('shop', product('shop', { version: '1.0.1' }));
  await house.post('/modules/rescan', {});
  t.match(await settled(house, 'product/shop'), { state: 'active', version: '1.0.1' });
  await alertsOf(house, 'module_unusable', 0);
});

t.test('an update waits for running jobs, and new jobs wait for the update', async (t) => {
  const slow = "await ctx.sleep(ctx.service.id === 'slow' ? 1_500 : 1);";
  const { house, install, stateDir } = await moduleHouse(t, {
    shop: product('shop', { step: `${slow} ${MADE('1.0.0')}` }),
  });
  await house.post('/create-site', order('slow', { module: 'shop' }));
  await house.until('/services/slow', ({ jobs }) => list(jobs).some(({ step }) => step === 'make'));
  const also = `update(ctx, from) { ctx.log.info('updated from ' + from); }`;
  await install('shop', product('shop', { version: '2.0.0', also, step: MADE('2.0.0') }));
  await house.post('/modules/rescan', {});
  t.match(await house.post('/modules/product/shop/update', {}), { status: 202, body: { state: 'updating' } });
  t.match(await house.post('/create-site', order('new', { module: 'shop' })), { status: 202 });
  t.match(await house.post('/modules/product/shop/deactivate', { force: true }), { status: 409 });
  await house.make('site');
  t.match(await settled(house, 'product/shop'), {
    state: 'active',
    version: '2.0.0',
    former_versions: ['1.0.0'],
  });
  await house.untilStatus('new', completed);
  await house.untilStatus('slow', completed);
  t.same(await madeBy(stateDir, ['slow', 'new']), ['1.0.0', '2.0.0']);
  t.match(JSON.stringify((await house.get('/modules/product/shop/log')).body), /updated from 1\.0\.0/);

  t.match(await changed(house, 'product/shop', 'activate', { version: '1.0.0' }), {
    ...{ state: 'active', version: '1.0.0', update_available: true, available_version: '2.0.0' },
  });
  await house.restart();
  t.match((await house.get('/modules/product/shop')).body, { version: '1.0.0', update_available: true });
  t.match(await house.post('/modules/product/shop/activate', { version: '7.0.0' }), {
    status: 400,
    body: { errors: { version: 'must be one of 2.0.0, 1.0.0' } },
  });
});

t.test('a failed update leaves the former version in use', async (t) => {
  const { house, install } = await moduleHouse(t, { shop: product('shop', { step: MADE('1.0.0') }) });
  const also = `update() { ${ERROR} }`;
  await install('shop', product('shop', { version: '2.0.0', also }));
  t.match(await rescanned(house, 'product/shop'), {
    ...{ state: 'active', version: '1.0.0', update_available: true },
    reason: /the update to 2\.0\.0 failed: .*no luck/,
  });
  await house.make('a', { module: 'shop' });
});

/** A step that waits for a server. */
const calling = (version: string, port: number, also = ''): string =>
  product('shop', {
    version,
    also,
    step: `await ctx.http.request({ url: 'http://127.0.0.1:${port}/', retries: 0 }); ${MADE(version)}`,
  });

t.test('a job that waits while its module is updated stays with the operator, or is resumed', async (t) => {
  const { house, install, stateDir } = await moduleHouse(t, {});
  const port = await freePort();
  await install('shop', calling('1.0.0', port));
  await house.post('/modules/rescan', {});
  for (const id of ['a', 'b', 'c']) await house.post('/create-site', order(id, { module: 'shop' }));
  const jobOf = async (id: string): Promise<Fields> =>
    list((await house.get(`/services/${id}`)).body['jobs'])[0] ?? {};
  const until = (id: string, wanted: string): Promise<Fields> =>
    house.until(`/services/${id}`, ({ jobs }) => list(jobs).some(({ status }) => status === wanted));
  for (const id of ['a', 'b', 'c']) await until(id, 'waiting');
  await install('shop', calling('2.0.0', port));
  t.match(await rescanned(house, 'product/shop'), { version: '2.0.0' });
  await until('a', 'stuck');
  t.match((await house.get(`/jobs/${String((await jobOf('a'))['id'])}`)).body, {
    error: { detail: /updated from 1\.0\.0 to 2\.0\.0, .*a retry continues with 1\.0\.0/ },
  });
  const server = createServer((_, response) => response.end('ok')).listen(port, '127.0.0.1');
  t.teardown(() => server.close());
  t.match(await house.post(`/jobs/${String((await jobOf('a'))['id'])}/retry`, {}), { status: 200 });
  await house.untilStatus('a', completed);
  await until('b', 'stuck');
  await until('c', 'stuck');
  await install('shop', calling('3.0.0', port, "resumes = ['1.0.0'];"));
  t.match(await rescanned(house, 'product/shop'), { version: '3.0.0' });
  t.match(await house.post(`/jobs/${String((await jobOf('b'))['id'])}/retry`, {}), { status: 200 });
  await house.untilStatus('b', completed);
  t.same(await madeBy(stateDir, ['a', 'b']), ['1.0.0', '3.0.0']);
});

/** The versions whose code created the services. */
async function madeBy(stateDir: string, ids: readonly string[]): Promise<unknown[]> {
  const folder = join(stateDir, 'services');
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.json'));
  const services = await Promise.all(
    names.map(async (name) => asObject(await readFile(join(folder, name), 'utf8'))),
  );
  return ids.map((id) => fields(services.find((one) => one['id'] === id)?.['data'])['made']);
}

t.test('settings are set through the API, and secrets among them are stored encrypted', async (t) => {
  const step = `
    const { token } = ctx.settings;
    const digest = await ctx.crypto.digest({ algorithm: 'sha256', parts: [token] });
    await ctx.saveData({ token, digest });`;
  const { house, stateDir } = await moduleHouse(t, { shop: product('shop', { step }) });
  const path = '/modules/product/shop/settings';
  t.match((await house.get(path)).body, { settings: { url: 'http://x' }, configured: [], own: [] });
  t.match(await house.call('PUT', path, { settings: { url: 7, token: 'x', other: 1 } }), {
    status: 400,
    body: { errors: { 'settings.token': /fewer than 5/ } },
  });
  t.match(await house.call('PUT', path, { settings: { url: 7, other: 1 } }), {
    status: 400,
    body: { errors: { 'settings.url': /must be string/, 'settings.other': 'unknown setting' } },
  });
  t.match(await house.call('PUT', path, {}), { status: 400 });
  t.match(await house.call('PUT', path, { settings: { token: 'canary-token-1' } }), {
    ...{ status: 200, body: { settings: { url: 'http://x', token: '********' }, own: ['token'] } },
  });
  await house.make('a', { module: 'shop' });
  await house.restart();
  const { out } = await innkeeper(house, 'module', 'settings', 'product/shop', 'url=http://y');
  t.match(out, /token +\*{8}/);
  t.match(out, /url +http:\/\/y/);
  await house.make('b', { module: 'shop' });
  const all = await Promise.all(
    (await readdir(stateDir, { recursive: true, withFileTypes: true }))
      .filter((one) => one.isFile())
      .map((one) => readFile(join(one.parentPath, one.name), 'utf8')),
  );
  t.notMatch(all.join('') + house.log.join(''), /canary-token-1/);
  const digest = createHash('sha256').update('canary-token-1').digest('hex');
  t.equal(all.join('').split(digest).length - 1, 2, 'the module used the secret for both services');
  t.match(await house.call('PUT', '/modules/product/none/settings', { settings: {} }), { status: 404 });
});
