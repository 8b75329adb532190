/** A plugin in a running daemon: its routes answer, a new version is used after a rescan, and a broken one is not. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t, { type Test } from 'tap';
import { shippedModules } from '../../src/modules/loader.js';
import { type Fields, type House, openHouse } from './harness.js';
import { innkeeper, list, withAdmin } from './operator.js';

const COMPILED = pathToFileURL(join(dirname(shippedModules()), 'test/fakes/monitor/module.js')).href;

async function houseWithMonitor(
  t: Test,
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
  const at = join(folder, 'plugin', 'monitor');
  const install = async (code: string): Promise<void> => {
    await mkdir(at, { recursive: true });
    await writeFile(join(at, 'package.json'), '{"type":"module"}');
    await writeFile(join(at, 'module.js'), code);
    t.match(await house.post('/modules/rescan', {}), { status: 200, body: { scanning: false } });
  };
  return { ...house, at, install };
}

t.test('a plugin is installed, answers, is replaced, breaks and is removed', async (t) => {
  const house = await houseWithMonitor(t);
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
  t.match(await house.get(`${api}/echo/x`), { body: { module: { version: '2.0.0' } } });
  await house.install(`throw new Error('no luck');`);
  t.match(await house.get(`${api}/echo/x`), { status: 503, body: { code: 'module_unavailable' } });
  t.notMatch((await house.get(`${api}/echo/x`)).body, { error: /no luck/ });
  await rm(house.at, { recursive: true });
  await house.post('/modules/rescan', {});
  t.match(await house.get(`${api}/echo/x`), { status: 404 });
  t.notOk(list((await house.get('/modules')).body['modules']).some(({ name }) => name === 'monitor'));
});
