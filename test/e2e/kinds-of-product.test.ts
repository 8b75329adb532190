import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { shippedModules } from '../../src/modules/loader.js';
import { type Fields, openHouse } from './harness.js';
import { list, withAdmin } from './operator.js';

const SIZES = { memory_mb: 2048, disk_gb: 20, cores: 2, domains: 3, backups: 2 };

/** Modules of the tests, installed as another author's. */
async function withModules(written: Fields, stateDir: string): Promise<Fields> {
  for (const name of ['licence', 'vault']) {
    const folder = join(stateDir, 'more', 'product', name);
    await mkdir(folder, { recursive: true });
    const compiled = join(dirname(shippedModules()), `test/fakes/${name}/module.js`);
    await writeFile(
      join(folder, 'module.js'),
      `export { default } from ${JSON.stringify(pathToFileURL(compiled).href)};\n`,
    );
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  }
  return {
    ...(await withAdmin(written)),
    modules: { paths: [join(stateDir, 'more')] },
    plans: [
      { name: 'basic', ...SIZES },
      { name: 'licence', module: 'licence' },
      { name: 'licence-50', module: 'licence', data: { seats: 50 } },
      { name: 'vault', module: 'vault', ...SIZES },
    ],
  };
}

t.test('a record lives its life, and its own actions are durable jobs', async (t) => {
  const house = await openHouse(t, { config: withModules });
  const shown = async (): Promise<Fields> => (await house.get('/services/a')).body;
  const state = async (): Promise<unknown> => (await shown())['data'];
  const act = (name: string, body: object = {}) => house.post(`/services/a/actions/${name}`, body);
  await house.make('a', { plan: 'licence' });
  t.match(await house.status('a'), { status: 'active', power: null, vmid: null, url: null });
  t.same(await state(), { holder: 'nobody', state: 'created for 5' });
  t.match((await shown())['actions'], [
    { name: 'rotate-key', title: 'Rotate the key', input: { properties: { length: { default: 20 } } } },
    { name: 'fail', title: 'Fail', input: null },
  ]);

  t.match(await act('rotate-key', { input: { length: '30' } }), {
    status: 200,
    body: { action: 'rotate-key' },
  });
  t.match(await state(), { state: 'key of 30' });
  t.match(await act('rotate-key'), { status: 200 });
  t.match(await state(), { state: 'key of 20' }, 'the default');
  const kind = 'module:product/licence:rotate-key';
  t.match(list((await shown())['jobs']).at(-1), { method: kind, status: 'completed', tags: [kind] });
  t.match(await act('rotate-key', { input: { length: 3, more: 1 } }), {
    status: 400,
    body: { errors: { 'input.length': 'must be >= 8', 'input.more': 'is not known' } },
  });
  t.match(await act('fail', { input: { a: 1 } }), { status: 400, body: { errors: { input: /no input/ } } });
  t.match(await act('none'), { status: 409, body: { code: 'not_supported' } });
  t.match(await act('fail'), { status: 500, body: { code: 'module_failed' } });
  t.match(await state(), { state: 'taken back' }, 'a failed action is undone');

  t.match(await house.settled('/wp/upgrade', { service_id: 'a', plan: 'licence-50' }), { status: 200 });
  t.match(await state(), { state: 'changed to 50' });
  t.match((await house.settled('/suspend', { service_id: 'a' })).body, { status: 'suspended' });
  t.match(await state(), { state: 'suspended' });
  t.match(await act('rotate-key'), { status: 403, body: { code: 'service_suspended' } });
  await house.restart();
  t.match((await house.settled('/unsuspend', { service_id: 'a' })).body, { status: 'active' });
  t.match(await state(), { state: 'resumed' });
  t.match(await house.call('PATCH', '/services/a', { email: 'new@example.com' }), { status: 200 });
  t.match(await house.post('/action/start', { service_id: 'a' }), { status: 409 });
  t.match((await house.settled('/delete-site', { service_id: 'a' })).body, { status: 'terminated' });
});

t.test('a container without a site lives its life without DNS and proxy', async (t) => {
  const house = await openHouse(t, { config: withModules });
  const before = (await house.containers()).length;
  await house.make('v', { plan: 'vault' });
  const status = await house.status('v');
  t.match(status, { status: 'running', url: null, fqdn: null, domains: [] });
  t.type(status['vmid'], 'number');
  t.equal((await house.containers()).length, before + 1);
  const did = async (path: string, also: object = {}): Promise<void> => {
    t.match(await house.settled(path, { service_id: 'v', ...also }), { status: 200 }, path);
  };
  await did('/action/stop');
  t.match(await house.untilStatus('v', ({ status: word }) => word === 'stopped'), { power: 'stopped' });
  await did('/action/start');
  await did('/action/mkbak');
  await did('/suspend');
  t.match(await house.status('v'), { status: 'suspended' });
  await did('/unsuspend');
  t.match(await house.post('/action/toggle', { service_id: 'v' }), { status: 409 });
  await did('/delete-site');
  t.equal((await house.containers()).length, before);
});
