/** Channels and gateways: created, read, replaced and deleted, with their secrets masked. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { ModuleView } from '../../../src/model/module-view.js';
import Chat from '../../fakes/chat/module.js';
import Till from '../../fakes/till/module.js';
import { fields, makeRig, type Rig } from '../harness.js';
import { registeredProduct } from '../../fakes/registered-product.js';

const TOKEN = ['canary', 'token-of-chat'].join('-');

interface Desk extends Rig {
  readonly modules: ModuleView[];
  readonly ask: (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    url: string,
    body?: object,
  ) => Promise<{ status: number; body: Record<string, unknown> }>;
}

function viewOf(module: Chat | Till): ModuleView {
  const { info, declared } = registeredProduct(module);
  const view: ModuleView = {
    ...{ type: info.type, name: info.name, title: info.title, version: '1.0.0', hash: null, state: 'active' },
    ...{ reason: null, path: '/x', parts: [], abilities: [], settingsSchema: {}, productDataSchema: null },
    ...{ serviceDataSchema: null, instanceSchema: declared.instance, routes: declared.routes, services: 0 },
    ...{ available: null, formerVersions: [], jobs: [] },
  };
  return view;
}

async function desk(t: Test): Promise<Desk> {
  const modules = [viewOf(new Chat()), viewOf(new Till())];
  const rig = await makeRig('network', undefined, { modules: () => modules });
  t.teardown(() => rig.close());
  rig.app.log.level = 'silent';
  return { ...rig, modules, ask: (method, url, body) => rig.call(method, url, body, rig.tokens.admin) };
}

t.test('a channel is created, read, replaced and deleted', async (t) => {
  const { ask, dir, log } = await desk(t);
  const made = await ask('POST', '/channels', { id: 'ops', module: 'chat', data: { token: TOKEN } });
  t.match(made, {
    status: 201,
    body: {
      ...{ id: 'ops', module: 'chat', name: 'ops', data: { channel: '#general', token: '********' } },
      webhook_path: '/webhooks/notification/chat/ops',
    },
  });
  t.match(await ask('GET', '/channels/ops'), { status: 200, body: { data: { token: '********' } } });
  t.match(await ask('PUT', '/channels/ops', { name: 'Ops', data: { channel: '#ops', token: '********' } }), {
    ...{ status: 200, body: { name: 'Ops', data: { channel: '#ops', token: '********' } } },
  });
  t.match(await ask('GET', '/channels'), { body: { instances: [{ id: 'ops', name: 'Ops' }] } });
  t.match(await ask('GET', '/gateways'), { body: { instances: [] } });
  t.match(await ask('GET', '/gateways/ops'), { status: 404, body: { code: 'instance_not_found' } });
  t.match(await ask('DELETE', '/gateways/ops'), { status: 404 });
  const file = await readFile(join(dir, 'instances', 'ops.json'), 'utf8');
  t.match(file, '"channel": "#ops"');
  t.notMatch(file + log.join(''), TOKEN);
  t.match(await ask('DELETE', '/channels/ops'), { status: 200, body: { id: 'ops' } });
  t.match(await ask('DELETE', '/channels/ops'), { status: 404 });
});

t.test('a masked secret is kept, another one replaces it, and what the module stored stays', async (t) => {
  const { ask, state } = await desk(t);
  const secrets = (): Record<string, string> =>
    Object.fromEntries(
      Object.entries(state.instances.find('ops')?.secrets ?? {}).map(([name, secret]) => [
        name,
        secret.reveal(),
      ]),
    );
  await ask('POST', '/channels', { id: 'ops', module: 'chat', data: { token: TOKEN } });
  await state.instances.commit('ops', (current) => {
    if (!current) throw new Error('gone');
    return { ...current, secrets: { ...current.secrets, session: current.secrets['data.token'] ?? fail() } };
  });
  await ask('PUT', '/channels/ops', { data: { token: '********' } });
  t.same(secrets(), { session: TOKEN, 'data.token': TOKEN });
  await ask('PUT', '/channels/ops', { data: { token: 'another' } });
  t.same(secrets(), { session: TOKEN, 'data.token': 'another' });
  t.match(await ask('PUT', '/channels/ops', { data: {} }), {
    ...{ status: 400, body: { errors: { 'data.token': 'is missing' } } },
  });
  t.same(secrets()['data.token'], 'another');
});

t.test('wrong requests are refused with their fields', async (t) => {
  const { ask, modules, state } = await desk(t);
  const wrong: [object, string, RegExp][] = [
    [{ module: 'till', data: { account: 'a1' } }, 'data.key', /is missing/],
    [
      { module: 'till', data: { account: 'a', key: TOKEN } },
      'data.account',
      /must NOT have fewer than 2|must not have fewer/,
    ],
    [{ module: 'till', data: { account: 'a1', key: TOKEN, more: 1 } }, 'data.more', /is not known/],
    [{ module: 'till', data: [1] }, 'data', /must be an object/],
    [{ module: 'till', id: '../x', data: {} }, 'id', /must be 1 to 64/],
    [{ data: {} }, 'module', /is required/],
  ];
  for (const [body, field, problem] of wrong) {
    const { status, body: said } = await ask('POST', '/gateways', body);
    t.equal(status, 400, field);
    t.match(fields(said['errors'])[field], problem, field);
    t.notMatch(JSON.stringify(said), TOKEN);
  }
  for (const module of ['nothing', 'chat'])
    t.match(await ask('POST', '/gateways', { module, data: {} }), {
      ...{ status: 404, body: { code: 'module_not_found', error: /no payment module/ } },
    });
  t.same(state.instances.list(), []);
  const good = { id: 'eu', module: 'till', data: { account: ' a1 ', key: TOKEN } };
  t.match(await ask('POST', '/gateways', good), { status: 201, body: { data: { account: 'a1' } } });
  t.match(await ask('POST', '/gateways', good), { status: 409, body: { code: 'instance_exists' } });
  t.match(await ask('POST', '/gateways', { ...good, id: undefined }), {
    status: 201,
    body: { id: /^[0-9a-f]{18}$/ },
  });
  modules.length = 0;
  t.match(await ask('PUT', '/gateways/eu', { data: good.data }), {
    status: 503,
    body: { code: 'module_unavailable' },
  });
  t.match(await ask('GET', '/gateways/eu'), { body: { data: { key: '********' } } });
  t.match(await ask('DELETE', '/gateways/eu'), { status: 200 });
});

function fail(): never {
  throw new Error('no secret');
}
