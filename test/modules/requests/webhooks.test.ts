/** Requests without a token: webhooks of instances, and static routes. */
import { createHmac } from 'node:crypto';
import t, { type Test } from 'tap';
import { Secret } from '../../../src/kernel/secret.js';
import type { IncomingRequest } from '../../../src/model/module-request.js';
import Chat from '../../fakes/chat/module.js';
import Monitor from '../../fakes/monitor/module.js';
import Till from '../../fakes/till/module.js';
import { apiRequest, type Asked, type Desk, jsonIn, openDesk, registered } from './harness.js';

const KEY = ['canary', 'key-of-till'].join('-');
const AT = '2026-03-01T12:00:00.000Z';

interface TillDesk extends Desk {
  /** A webhook of the instance, signed if there is a body. */
  readonly hear: (
    body?: object | string,
    asked?: Asked,
    id?: string,
  ) => ReturnType<Desk['requests']['webhook']>;
}

async function desk(t: Test): Promise<TillDesk> {
  const modules = [
    registered(new Till(), 'till'),
    registered(new Chat(), 'chat'),
    registered(new Monitor(), 'monitor'),
  ];
  const opened = await openDesk(t, modules);
  await opened.state.instances.commit('eu', () => ({
    ...{ id: 'eu', type: 'payment', module: 'till', name: 'EU', createdAt: AT, updatedAt: AT },
    data: { account: 'a1', key: { secret: 'data.key' } },
    secrets: { 'data.key': new Secret(KEY) },
  }));
  return {
    ...opened,
    hear(body, asked = {}, id = 'eu') {
      const text = typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body);
      const signature = createHmac('sha256', KEY).update(text).digest('hex');
      const headers = { 'content-type': 'application/json', 'x-signature': signature, ...asked.headers };
      const method = body === undefined ? 'GET' : 'POST';
      return opened.requests.webhook(tillRequest(id, { method, ...asked, headers, body: text }));
    },
  };
}

const tillRequest = (path: string, asked: Asked = {}): IncomingRequest =>
  apiRequest(path, { module: { type: 'payment', name: 'till' }, ...asked });

t.test('a webhook reaches the module with its bytes and its instance', async (t) => {
  const { hear, moduleLog, state, added } = await desk(t);
  t.match(await hear(undefined, { query: { challenge: 'c1' } }), { status: 200, body: Buffer.from('eu c1') });
  t.match(await hear('{ "id": "p1",\n"state": "paid" }'), { status: 202, body: null });
  t.match(added, [
    { method: 'settle', input: { id: 'p1', state: 'paid' }, key: 'p1', module: { name: 'till' } },
  ]);
  await t.rejects(hear({ id: 'p2' }, { headers: { 'x-signature': '00' } }), {
    code: 'forbidden',
    status: 403,
  });
  t.match(moduleLog, [
    { message: 'the request was answered', fields: { status: 200, instance: 'eu' }, step: 'webhook get' },
    { message: 'heard', fields: { id: 'p1', data: { account: 'a1', key: { secret: '[redacted]' } } } },
    { message: 'the request was answered', fields: { status: 202 } },
    { message: 'the request failed', fields: { code: 'forbidden' } },
  ]);
  t.equal(state.instances.find('eu')?.secrets['session']?.reveal(), 'session-of-p1');
  t.notMatch(JSON.stringify(moduleLog), /canary|session-of/);
});

t.test('only instances and methods that exist', async (t) => {
  const { hear, requests, known } = await desk(t);
  await t.rejects(hear({}, {}, 'us'), { code: 'instance_not_found' });
  await t.rejects(hear({}, {}, 'default'), { code: 'instance_not_found' });
  const other = (type: string, name: string) => ({ module: { type, name } });
  await t.rejects(requests.webhook(apiRequest('eu', other('payment', 'none'))), { code: 'module_not_found' });
  await t.rejects(requests.webhook(apiRequest('eu', other('notification', 'chat'))), {
    code: 'instance_not_found',
  });
  await t.rejects(requests.webhook(apiRequest('eu', other('plugin', 'monitor'))), {
    code: 'instance_not_found',
  });
  await t.rejects(requests.webhook(apiRequest('default', other('plugin', 'monitor'))), {
    code: 'route_not_found',
  });
  known.push({ type: 'payment', name: 'broken', state: 'error', reason: 'no luck' });
  await t.rejects(requests.webhook(apiRequest('eu', other('payment', 'broken'))), {
    ...{ code: 'module_unavailable', status: 503 },
  });
});

t.test('if the module fails, the sender is asked to repeat the webhook', async (t) => {
  const { hear } = await desk(t);
  for (const accident of ['throw', 'exit'])
    await t.rejects(hear({ id: 'p', accident }), { code: 'module_unavailable', status: 503 }, accident);
  await t.rejects(hear('no json'), { code: 'invalid_json', status: 400 });
  t.match(await hear({ id: 'p', state: 'paid' }), { status: 202 });
});

t.test('webhooks of one network do not use up those of others', async (t) => {
  const { hear, requests } = await desk(t);
  const from = (address: string) => requests.webhook({ ...tillRequest('eu'), from: address });
  for (let n = 0; n < 20; n += 1) await hear();
  await t.rejects(hear(), { code: 'rate_limited', status: 429 });
  await t.rejects(from('192.0.2.9'), { code: 'rate_limited' }, 'the limit of the instance');
});

t.test('a static route needs no token, and is limited for each network', async (t) => {
  const { requests } = await desk(t);
  const reply = await requests.static(tillRequest('key'));
  t.same(jsonIn(reply), { public_key: 'pk_1' });
  t.match(reply.headers, { 'cache-control': 'max-age=60' });
  const form = (address: string) =>
    requests.static({
      ...tillRequest('form', {
        method: 'POST',
        body: 'a=1',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
      from: address,
    });
  t.same(jsonIn(await form('192.0.2.1')), { a: '1' });
  await form('192.0.2.1');
  await t.rejects(form('192.0.2.1'), { code: 'rate_limited' });
  t.match(await form('192.0.2.2'), { status: 200 });
  await t.rejects(requests.static(tillRequest('form')), { code: 'method_not_allowed' });
  await t.rejects(requests.static(tillRequest('nowhere')), { code: 'route_not_found' });
});
