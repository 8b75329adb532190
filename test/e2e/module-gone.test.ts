import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { shippedModules } from '../../src/modules/loader.js';
import { type Fields, openHouse, order } from './harness.js';
import { alertsOf, completed, innkeeper, list, withAdmin } from './operator.js';

const build = dirname(shippedModules());
const urlOf = (path: string): string => JSON.stringify(pathToFileURL(join(build, path)).href);

const SHOP = `
import WordPress from ${urlOf('modules/product/wordpress/module.js')};
export default class Shop extends WordPress {
  info = { ...this.info, name: 'shop', title: 'Shop' };
}`;
/** It has no reset of the password, no log-in link and no start. */
const PLAIN = `
import WordPress from ${urlOf('modules/product/wordpress/module.js')};
const { setPassword } = Object.getPrototypeOf(WordPress.prototype);
export default class Plain extends WordPress {
  info = { ...this.info, name: 'plain', title: 'Plain' };
  setPassword = setPassword;
  loginPath = undefined;
  startJob = undefined;
}`;
const RECORD = `export { default } from ${urlOf('test/fakes/record/module.js')};`;

async function withModules(written: Fields, stateDir: string): Promise<Fields> {
  const folder = join(stateDir, 'more');
  for (const [name, text] of Object.entries({ shop: SHOP, plain: PLAIN, record: RECORD })) {
    await mkdir(join(folder, 'product', name), { recursive: true });
    await writeFile(join(folder, 'product', name, 'module.js'), text);
    await writeFile(join(folder, 'product', name, 'package.json'), '{"type":"module"}');
  }
  return { ...(await withAdmin(written)), modules: { paths: [folder] } };
}

t.test('what a product has no flow for is refused at once, and recorded nowhere', async (t) => {
  const house = await openHouse(t, { config: withModules });
  await house.make('p1', { module: 'plain' });
  await house.make('r1', { module: 'record' });
  const refused = { status: 409, body: { success: false, code: 'not_supported' } };
  for (const [path, body] of [
    ['/action/start', { service_id: 'p1' }],
    ['/services/p1/credentials/reset', {}],
    ['/services/p1/login-link', {}],
  ] as const)
    t.match(await house.post(path, body), refused, path);
  t.match(await house.call('PATCH', '/services/r1', { email: 'other@example.com' }), refused);
  t.match(
    await house.call('PATCH', '/services/r1', { user_id: '7' }),
    { status: 200 },
    'no system has to be changed',
  );
  for (const id of ['p1', 'r1'])
    t.match(list((await house.get(`/services/${id}`)).body['jobs']), [{ method: 'create' }]);
  t.match((await house.get('/services/p1/overview')).body, { login_link: false });
  t.match(await house.settled('/action/stop', { service_id: 'p1' }), { status: 200 });
  const { abilities } = (await house.get('/modules/product/plain')).body;
  const kinds = Array.isArray(abilities) ? abilities : [];
  t.ok(kinds.includes('stop'));
  for (const kind of ['start', 'resetPassword', 'loginLink']) t.notOk(kinds.includes(kind), kind);
});

t.test('a service whose module is gone is suspended, resumed and deleted all the same', async (t) => {
  const house = await openHouse(t, { config: withModules });
  for (const id of ['s1', 's2']) await house.make(id, { module: 'shop' });
  await house.make('r1', { module: 'record' });
  const before = (await house.containers()).length;
  const more = join(dirname(house.configFile), 'more', 'product');
  await rename(more, `${more}.away`);
  await house.restart();

  t.match((await house.get('/modules/product/shop')).body, {
    state: 'missing',
    reason: /services need it, but it is not installed/,
    services: 2,
  });
  // also the module without a service, because it was in use
  await alertsOf(house, 'module_unusable', 3);
  const doctor = await innkeeper(house, 'doctor');
  t.match(doctor.out, /WRONG +modules +.*shop: this module is not installed/);

  t.match((await house.settled('/suspend', { service_id: 's1' })).body, { status: 'suspended' });
  t.match((await house.settled('/unsuspend', { service_id: 's1' })).body, { status: 'running' });
  t.match(await house.post('/action/restart', { service_id: 's1' }), {
    status: 400,
    body: { code: 'unknown_module' },
  });
  t.match((await house.settled('/delete-site', { service_id: 's1' })).body, { status: 'terminated' });
  t.equal((await house.containers()).length, before - 1);
  t.match(
    await house.post('/suspend', { service_id: 'r1' }),
    { status: 400, body: { code: 'unknown_module' } },
    'only its module knows what a service without a container consists of',
  );
  t.match(await house.post('/create-site', order('s3', { module: 'shop' })), { status: 400 });

  await rename(`${more}.away`, more);
  await house.restart();
  t.match((await house.get('/modules/product/shop')).body, { state: 'active', services: 1 });
  await alertsOf(house, 'module_unusable', 0);
  t.match((await house.settled('/suspend', { service_id: 's2' })).body, { status: 'suspended' });
  t.match((await house.settled('/unsuspend', { service_id: 's2' })).body, { status: 'running' });
  t.ok(completed(await house.status('s2')));
  t.match((await house.settled('/delete-site', { service_id: 'r1' })).body, { status: 'terminated' });
});
