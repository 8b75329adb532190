import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { type Fields, openHouse, order } from './harness.js';
import { alertsOf, completed, innkeeper, list, withAdmin } from './operator.js';

const versioned = (version: string): string => `
export default class Versioned {
  info = { type: 'product', name: 'late', title: 'Late', description: '', version: '${version}', author: 'x' };
  settings = { type: 'object' };
  flow(method) { return method === 'create' ? this.createJob() : {}; }
  policy() { return {}; }
  createJob() {
    return { make: { run: ({ saveData }) => saveData({ made_by: '${version}' }) } };
  }
}`;

t.test('modules are installed, replaced and removed while the daemon runs', async (t) => {
  let folder = '';
  const house = await openHouse(t, {
    config: async (written, stateDir) => {
      folder = join(stateDir, 'more');
      await mkdir(folder);
      const modules = { paths: [folder], read_timeout_s: 5 };
      return { ...(await withAdmin(written)), modules } satisfies Fields;
    },
  });
  const at = join(folder, 'product', 'late');
  const install = async (code: string): Promise<void> => {
    await mkdir(at, { recursive: true });
    await writeFile(join(at, 'package.json'), '{"type":"module"}');
    await writeFile(join(at, 'module.js'), code);
  };
  const rescanned = async (): Promise<Fields | undefined> => {
    const { status, body } = await house.post('/modules/rescan', {});
    t.match({ status, body }, { status: 200, body: { scanning: false } });
    return list(body['modules']).find(({ name }) => name === 'late');
  };
  const shown = async (): Promise<Fields> => (await house.get('/modules/product/late')).body;

  t.match(await house.post('/create-site', order('a', { module: 'late' })), { status: 400 });
  await install(versioned('1.0.0'));
  t.match(await house.post('/create-site', order('a', { module: 'late' })), { status: 400 });
  t.match(await rescanned(), { state: 'active', version: '1.0.0' });
  t.match(await house.post('/create-site', order('a', { module: 'late' })), { status: 202 });
  await house.untilStatus('a', completed);
  const { hash } = await shown();

  await install(versioned('2.0.0'));
  t.match(await shown(), { version: '1.0.0', hash }, 'a file by itself changes nothing');
  const { out } = await innkeeper(house, 'module', 'rescan');
  t.match(out, /product +late +1\.0\.0 +active +1 +2\.0\.0/);
  t.match(out, /product +wordpress .*active/);
  t.match(await shown(), { version: '1.0.0', hash, update_available: true, available_version: '2.0.0' });
  t.match(
    (await innkeeper(house, 'module', 'update', 'product/late')).out,
    /product\/late 2\.0\.0 is active/,
  );
  t.match(await shown(), { version: '2.0.0', update_available: false, former_versions: ['1.0.0'] });
  t.match(await house.post('/create-site', order('b', { module: 'late' })), { status: 202 });
  await house.untilStatus('b', completed);

  await install('for (;;);');
  t.match(await rescanned(), { state: 'active', version: '2.0.0', update_available: false });
  t.match(await shown(), { update_problem: /did not finish/ });
  t.match(await house.post('/modules/product/late/update', {}), {
    status: 409,
    body: { code: 'module_unusable' },
  });
  await alertsOf(house, 'module_unusable', 0);
  t.match(await house.get('/health'), { status: 200 });
  await rm(at, { recursive: true });
  t.match(await rescanned(), { state: 'missing', services: 2 });
  await alertsOf(house, 'module_unusable', 1);
  await install(versioned('2.0.0'));
  t.match(await rescanned(), { state: 'active' });
  await alertsOf(house, 'module_unusable', 0);
  await house.make('site');
});
