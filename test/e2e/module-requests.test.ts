/** A plugin in a running daemon: its routes answer, a new version is used after a rescan, and a broken one is not. */
import { createHmac } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t, { type Test } from 'tap';
import { shippedModules } from '../../src/modules/loader.js';
import { type Fields, type House, openHouse } from './harness.js';
import { changed, settled } from './modules.js';
import { innkeeper, withAdmin } from './operator.js';

const compiled = (name: string): string =>
  pathToFileURL(join(dirname(shippedModules()), 'test/fakes', name, 'module.js')).href;
const COMPILED = compiled('monitor');

async function houseWith(
  t: Test,
  type: string,
  name: string,
): Promise<House & { install: (code: string) => Promise<void>; at: string }> {
  let folder = '';
  const house = await openHouse(t, {
    config: async (written, stateDir) => {
      folder = join(stateDir, 'more');
      await mkdir(folder);
      const modules = { paths: [folder], read_timeout_s: 5, request_timeout_s: 2, job_heap_mb: 64 };
      return { ...(await withAdmin(written)), modules } satisfies Fields;
    },
  });
  const at = join(folder, type, name);
  const install = async (code: string): Promise<void> => {
    await mkdir(at, { recursive: true });
    await writeFile(join(at, 'package.json'), '{"type":"module"}');
    await writeFile(join(at, 'module.js'), code);
    t.match(await house.post('/modules/rescan', {}), { status: 200, body: { scanning: false } });
    await settled(house, `${type}/${name}`);
  };
  return { ...house, at, install };
}

t.test('a plugin is installed, answers, is replaced, breaks and is removed', async (t) => {
  const house = await houseWith(t, 'plugin', 'monitor');
  const api = '/modules/plugin/monitor/api';
  t.match(await house.get(`${api}/echo/x`), { status: 404, body: { code: 'module_not_found' } });
  await house.install(`export { default } from ${JSON.stringify(COMPILED)};`);
  t.match(await house.get(`${api}/echo/x?q=1`), {
    ...{ status: 200, body: { params: { word: 'x' }, query: { q: '1' }, actor: { can: [true, true] } } },
  });
  t.match(await house.post(`${api}/checks`, { host: 'a' }), {
    ...{ status: 422, body: { code: 'validation_failed', errors: { host: 'must have 3 letters' } } },
  });
  t.match(await house.post(`${api}/checks`, { host: 'a.test' }), { status: 201, body: { last: 'a.test' } });
  t.match(await house.get('/modules/plugin/monitor'), {
    body: { state: 'active', permissions: [{ permission: 'module:plugin/monitor:view' }, {}, {}] },
  });
  const { out } = await innkeeper(house, 'module', 'routes', 'plugin/monitor');
  t.match(
    out,
    /plugin\/monitor +api +GET +\/modules\/plugin\/monitor\/api\/echo\/\{word\} +module:plugin\/monitor:view/,
  );

  const accident = await house.get(`${api}/accident/exit`);
  t.match(accident, {
    status: 503,
    body: { code: 'module_unavailable', error: /cannot answer at the moment/ },
  });
  t.match(await house.get(`${api}/accident/loop`), { status: 504, body: { code: 'module_timeout' } });
  t.match(await house.get('/health'), { status: 200 });

  await house.install(`import Monitor from ${JSON.stringify(COMPILED)};
export default class extends Monitor {
  info = { ...new Monitor().info, version: '2.0.0' };
}`);
  t.match(await house.get(`${api}/echo/x`), { body: { module: { version: '1.0.0' } } });
  await changed(house, 'plugin/monitor', 'update');
  t.match(await house.get(`${api}/echo/x`), { body: { module: { version: '2.0.0' } } });
  await house.install(`throw new Error('no luck');`);
  t.match(await house.get(`${api}/echo/x`), { body: { module: { version: '2.0.0' } } });
  await rm(house.at, { recursive: true });
  await house.post('/modules/rescan', {});
  const gone = await house.get(`${api}/echo/x`);
  t.match(gone, { status: 503, body: { code: 'module_unavailable' } });
  t.notMatch(gone.body, { error: /installed/ });
});

t.test('a gateway hears its provider: the webhook is verified, and a task does the work', async (t) => {
  const house = await houseWith(t, 'payment', 'till');
  await house.install(`export { default } from ${JSON.stringify(compiled('till'))};`);
  const key = ['canary', 'key-of-the-till'].join('-');
  t.match(await house.post('/gateways', { id: 'eu', module: 'till', data: { account: 'a1', key } }), {
    ...{ status: 201, body: { data: { key: '********' }, webhook_path: '/webhooks/payment/till/eu' } },
  });
  const hear = (body: string, signed = key): ReturnType<House['call']> =>
    house.call('POST', '/webhooks/payment/till/eu', JSON.parse(body) as object, {
      authorization: '',
      'x-signature': createHmac('sha256', signed).update(body).digest('hex'),
    });
  t.match(await hear('{"id":"p1","state":"paid"}', 'another-key'), { status: 403 });
  await house.restart();
  for (let n = 0; n < 2; n += 1) t.match(await hear('{"id":"p1","state":"paid"}'), { status: 202 });
  await house.until('/modules/payment/till/api/payments/p1', ({ state }) => state === 'paid');
  t.match(await house.get('/tasks?module=payment/till'), { body: { tasks: [{ method: 'settle' }, {}] } });
  t.match(await hear('{"id":"p2","accident":"exit"}'), { status: 503, body: { code: 'module_unavailable' } });
  const agent = join(house.at, '..', '..', '..', 'agent');
  for (const file of await readdir(agent, { recursive: true, withFileTypes: true }))
    if (file.isFile()) t.notMatch(await readFile(join(file.parentPath, file.name), 'latin1'), key, file.name);
  t.notMatch(house.log.join(''), key);
});
