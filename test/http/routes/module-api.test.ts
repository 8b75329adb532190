/** Routes of modules as a caller sees them: any body, any response, and the token's permissions. */
import { Readable } from 'node:stream';
import t, { type Test } from 'tap';
import { AgentError } from '../../../src/kernel/errors.js';
import type { CallerRequest, IncomingRequest, ModuleReply } from '../../../src/model/module-request.js';
import { createToken } from '../../../src/tokens/create-token.js';
import { makeRig, type Rig } from '../harness.js';

const URL = '/modules/plugin/monitor/api';

interface Served extends Rig {
  readonly seen: CallerRequest[];
  /** Sets the reply of the module. */
  readonly answers: (reply: () => ModuleReply | Promise<ModuleReply>) => void;
}

async function served(t: Test, listener: 'network' | 'socket' = 'network'): Promise<Served> {
  const seen: CallerRequest[] = [];
  let reply: () => ModuleReply | Promise<ModuleReply> = () => ({ status: 204, headers: {}, body: null });
  const api = async (request: CallerRequest): Promise<ModuleReply> => {
    seen.push(request);
    return reply();
  };
  // requests without a token lack only the caller
  const open = (request: IncomingRequest): Promise<ModuleReply> => api(request as CallerRequest);
  const rig = await makeRig(listener, undefined, { moduleRequests: { api, static: open, webhook: open } });
  t.teardown(() => rig.close());
  rig.app.log.level = 'silent';
  return { ...rig, seen, answers: (next) => void (reply = next) };
}

t.test('a module gets the body as it is, the decoded path, and the caller', async (t) => {
  const rig = await served(t);
  const { text } = await createToken(rig.deps, { name: 'm', permissions: ['module:plugin/monitor:view'] });
  const send = (method: 'POST' | 'GET' | 'DELETE', url: string, also: object = {}) =>
    rig.app.inject({
      method,
      url,
      ...also,
      headers: { authorization: `Bearer ${text}`, ...('headers' in also ? (also.headers as object) : {}) },
    });
  const bytes = Buffer.from([0, 255, 10]);
  await send('POST', `${URL}/server/a%2Fb%20c/?q=1&q=2`, {
    payload: bytes,
    headers: { 'content-type': 'x/y' },
  });
  await send('POST', `${URL}/x`, { payload: '{not json', headers: { 'content-type': 'application/json' } });
  await send('DELETE', `${URL}/x`);
  t.match(rig.seen, [
    {
      ...{ module: { type: 'plugin', name: 'monitor' }, method: 'POST', path: ['server', 'a/b c'] },
      ...{ query: { q: '2' }, body: bytes, headers: { 'content-type': 'x/y' } },
      caller: { name: 'm', permissions: new Set(['module:plugin/monitor:view']) },
    },
    { path: ['x'], body: Buffer.from('{not json') },
    { method: 'DELETE', body: Buffer.alloc(0) },
  ]);
  t.equal((await rig.app.inject({ url: `${URL}/x` })).statusCode, 401);
  const large = await send('POST', `${URL}/x`, {
    payload: Buffer.alloc(2 * rig.config.api.body_limit_bytes),
  });
  t.equal(large.statusCode, 413);
  t.equal(rig.seen.length, 3);
});

t.test('the response of a module is sent as it is, and a page has an origin of its own', async (t) => {
  const rig = await served(t);
  const get = () =>
    rig.app.inject({ url: `${URL}/x`, headers: { authorization: `Bearer ${rig.tokens.panel}` } });
  const html = { 'content-type': 'text/html', etag: '"1"' };
  rig.answers(() => ({ status: 418, headers: html, body: Buffer.from('<p>') }));
  const page = await get();
  t.same([page.statusCode, page.body], [418, '<p>']);
  t.match(page.headers, {
    ...{ etag: '"1"', 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' },
    'content-security-policy': /^sandbox /,
  });
  rig.answers(() => ({
    status: 200,
    headers: {},
    body: Readable.from([Buffer.from('a'), Buffer.from('b')]),
  }));
  t.equal((await get()).body, 'ab');
  rig.answers(() => ({ status: 204, headers: {}, body: null }));
  t.match(await get(), { statusCode: 204, body: '' });
  const wrong = new AgentError('validation_failed', 'x.', { fields: { host: 'is missing' } });
  rig.answers(() => Promise.reject(wrong));
  const refused = await get();
  t.match(
    [refused.statusCode, refused.json()],
    [422, { code: 'validation_failed', errors: { host: 'is missing' } }],
  );
  rig.answers(() => Promise.reject(new AgentError('module_unavailable', 'x.', { retryAfterS: 7 })));
  t.match((await get()).headers, { 'retry-after': '7' });
});

t.test(
  'a repeated POST with an Idempotency-Key reaches the module once, if its response is JSON',
  async (t) => {
    const rig = await served(t);
    const post = (key: string) =>
      rig.app.inject({
        ...{ method: 'POST', url: `${URL}/x`, payload: Buffer.from('a') },
        headers: {
          authorization: `Bearer ${rig.tokens.panel}`,
          'idempotency-key': key,
          'content-type': 'x/y',
        },
      });
    const json = { 'content-type': 'application/json' };
    rig.answers(() => ({ status: 201, headers: json, body: Buffer.from('{"n":1}') }));
    await post('json');
    rig.answers(() => ({ status: 200, headers: { 'content-type': 'text/html' }, body: Buffer.from('<p>') }));
    await post('page');
    t.match(await post('page'), { headers: { 'content-type': 'text/html' }, body: '<p>' });
    const again = await post('json');
    t.match([again.statusCode, again.body, again.headers['idempotency-replayed']], [201, '{"n":1}', 'true']);
    t.equal(rig.seen.length, 3);
  },
);

t.test('only permissions that a module declares can be given to a token', async (t) => {
  const rig = await served(t, 'socket');
  const create = (permission: string) =>
    rig.call('POST', '/tokens', { name: permission, permissions: [permission] }, '');
  t.match(await create('module:product/wordpress:view'), {
    ...{
      status: 400,
      body: { errors: { permissions: /module:product\/wordpress:view, which no installed module/ } },
    },
  });
  t.match(await create('module:product/nothing:configuration'), { status: 400 });
  t.match(await create('module:product/wordpress:configuration'), { status: 201 });
});

t.test('webhooks and static routes need no token, take small bodies, and are not audited', async (t) => {
  const rig = await served(t);
  const key = { 'idempotency-key': 'k', 'x-signature': 's' };
  const body = '{"id": 1}';
  const post = (url: string, payload: string | Buffer) =>
    rig.app.inject({ method: 'POST', url, payload, headers: { ...key, 'content-type': 'application/json' } });
  t.equal((await post('/webhooks/payment/till/eu', body)).statusCode, 204);
  t.equal((await post('/webhooks/payment/till/eu', body)).statusCode, 204);
  t.equal((await rig.app.inject({ url: '/webhooks/payment/till/eu?challenge=1' })).statusCode, 204);
  t.equal((await rig.app.inject({ method: 'HEAD', url: '/webhooks/payment/till/eu' })).statusCode, 405);
  t.equal((await post('/modules/payment/till/static/form', body)).statusCode, 204);
  t.equal((await rig.app.inject({ url: '/modules/payment/till/static/key' })).statusCode, 204);
  t.match(rig.seen, [
    {
      module: { type: 'payment', name: 'till' },
      path: ['eu'],
      body: Buffer.from(body),
      headers: { 'x-signature': 's' },
    },
    {},
    { method: 'GET', query: { challenge: '1' } },
    { path: ['form'] },
    { path: ['key'] },
  ]);
  t.equal((await post('/webhooks/payment/till/eu', Buffer.alloc(300_000))).statusCode, 413);
  t.equal(rig.seen.length, 5);
  const audited = await rig.call('GET', '/audit', undefined, rig.tokens.admin);
  t.notMatch(JSON.stringify(audited.body), /webhooks|static/);
});
