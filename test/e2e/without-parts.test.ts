import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { shippedModules } from '../../src/modules/loader.js';
import { asObject, fields } from '../http/harness.js';
import { type Fields, openHouse, order } from './harness.js';
import { completed, innkeeper, list, withAdmin } from './operator.js';

/** The third-party module `record`, which is sold beside WordPress. */
async function withRecords(_: Fields, stateDir: string): Promise<Fields> {
  const folder = join(stateDir, 'more', 'product', 'record');
  await mkdir(folder, { recursive: true });
  const compiled = join(dirname(shippedModules()), 'test/fakes/record/module.js');
  await writeFile(
    join(folder, 'module.js'),
    `export { default } from ${JSON.stringify(pathToFileURL(compiled).href)};\n`,
  );
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  return { modules: { paths: [join(stateDir, 'more')] }, reconcile: { every_s: 1, confirm_s: 1 } };
}

t.test('a product without container and site claims nothing and lives its whole life', async (t) => {
  const house = await openHouse(t, {
    config: async (written, dir) => ({ ...(await withRecords(written, dir)), ...(await withAdmin(written)) }),
    deletion: { hold_s: 3600 },
  });
  const before = (await house.containers()).length;
  const nothing = { vmid: null, private_ip: null, subdomain: null, fqdn: null, url: null };
  t.match(await house.post('/create-site', order('r1', { module: 'record', subdomain: 'shop' })), {
    status: 202,
    body: { ...nothing, status: 'processing' },
  });
  const made = await house.untilStatus('r1', completed);
  t.match(made, {
    ...nothing,
    status: 'active',
    power: null,
    reachable: true,
    node: null,
    primary_domain: null,
    domains: [],
    proxy: { enabled: false, certificate: null },
    stale_since: null,
  });
  t.same(fields(made['usage'])['memory_limit_bytes'], null);
  t.equal((await house.containers()).length, before);

  const metrics = await house.text('/metrics');
  t.match(metrics, 'innkeeper_services{lifecycle="active"} 1\n');
  t.match(metrics, 'innkeeper_operations_total{method="create",result="completed"} 1\n');
  const used = metrics.split('\n').filter((line) => line.startsWith('innkeeper_pool_used{'));
  t.ok(used.length >= 2, 'addresses and VMIDs');
  for (const line of used) t.match(line, /\} 0$/);
  const doctor = list(asObject((await innkeeper(house, 'doctor', '--json')).out)['checks']);
  for (const { name, state, found } of doctor)
    t.match(state, name === 'modules' ? /^(ok|warning)$/ : 'ok', `${String(name)}: ${String(found)}`);
  const foundBy = (name: string) => doctor.find((one) => one['name'] === name)?.['found'];
  t.match(foundBy('state.cluster'), /^no container has the mark of /);
  t.match(foundBy('state.integrity'), /documents and \d+ secrets are intact/);
  t.match(foundBy('addresses'), /(\d+) of \1 are free/);
  await house.make('other', { subdomain: 'shop' });

  const listed = list((await house.get('/services?status=active')).body['services']);
  t.match(
    listed.find(({ service_id: id }) => id === 'r1'),
    { ...nothing, power: null, drift: [] },
  );
  t.match((await house.get('/services/r1')).body, { ...nothing, snapshots: [], module: 'record' });
  const shown = (await innkeeper(house, 'service', 'show', 'r1')).out;
  t.match(shown, /status +active/);
  t.notMatch(shown, /power|vmid|node|private_ip|url|public_ips|memory|snapshots/);
  t.match((await innkeeper(house, 'service', 'show', 'other')).out, /power +running[^]*url +https:[^]*vmid/);

  t.match(await house.settled('/wp/upgrade/', { service_id: 'r1', plan: 'premium' }), { status: 200 });
  t.match(
    await house.settled('/wp/upgrade/', { service_id: 'r1', plan: 'basic' }),
    { status: 200, body: { plan: 'basic' } },
    'there is no disk that could not shrink',
  );
  t.match((await house.settled('/suspend', { service_id: 'r1' })).body, { status: 'suspended' });
  t.match((await house.settled('/unsuspend', { service_id: 'r1' })).body, { status: 'active' });

  await house.until('/services/r1', ({ drift }) => list(drift).length === 0);
  t.match((await house.settled('/delete-site', { service_id: 'r1' })).body, {
    status: 'terminated',
    purge_at: null,
  });
  const types = list((await house.get('/events?limit=1000')).body['events'])
    .filter(({ service_id: id }) => id === 'r1')
    .map(({ type }) => type)
    .filter((type) => String(type).startsWith('service.'));
  t.same(types, [
    'service.ordered',
    'service.active',
    'service.plan_changed',
    'service.plan_changed',
    'service.suspended',
    'service.unsuspended',
    'service.terminated',
    'service.purged',
  ]);
  await house.restart();
  t.match(await house.status('r1'), { ...nothing, status: 'terminated' });
});

t.test('what is about a part that a product lacks is refused, and recorded nowhere', async (t) => {
  const house = await openHouse(t, { config: withRecords });
  await house.post('/create-site', order('r1', { module: 'record' }));
  await house.untilStatus('r1', completed);
  const noGuest = /no container/;
  const noSite = /no website/;
  const id = { service_id: 'r1' };
  const refused: [string, object | undefined, RegExp][] = [
    ['/action/start', id, noGuest],
    ['/action/stop', id, noGuest],
    ['/action/restart', id, noGuest],
    ['/action/reset', id, noGuest],
    ['/action/mkbak', id, noGuest],
    ['/action/delbak', { ...id, bak: 'BAK01012026-1' }, noGuest],
    ['/action/rollback', { ...id, bak: 'BAK01012026-1' }, noGuest],
    ['/action/getbak?service_id=r1', undefined, noGuest],
    ['/action/setdomain', { ...id, domain: 'shop.example.com' }, noSite],
    ['/action/deldomain', { ...id, domain: 'shop.example.com' }, noSite],
    ['/action/setprimary', { ...id, domain: 'shop.example.com' }, noSite],
    ['/action/getdomain?service_id=r1', undefined, noSite],
    ['/action/toggle', id, noSite],
  ];
  for (const [path, body, error] of refused) {
    const answer = body ? await house.post(path, body) : await house.get(path);
    t.match(answer, { status: 409, body: { success: false, code: 'not_supported', error } }, path);
  }
  const { jobs } = (await house.get('/services/r1')).body;
  t.match(list(jobs), [{ method: 'create' }], 'no job was recorded');
});

t.test('a module that asks for a container it has not declared gets an error, not a crash', async (t) => {
  const house = await openHouse(t, { config: withRecords });
  await house.post('/create-site', order('r1', { module: 'record' }));
  await house.untilStatus('r1', completed);
  t.match(await house.settled('/services/r1/credentials/reset', {}), {
    status: 409,
    body: { code: 'not_supported', error: /no container/ },
  });
  t.match(await house.status('r1'), { status: 'active' });
});
