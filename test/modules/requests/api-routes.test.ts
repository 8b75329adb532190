/** Requests to the API routes of a module: what its handlers get, and what becomes of their replies. */
import { createHmac } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { Readable } from 'node:stream';
import t, { type Test } from 'tap';
import Monitor from '../../fakes/monitor/module.js';
import { apiRequest, type Asked, type Desk, jsonIn, openDesk, registered } from './harness.js';

type Reply = ReturnType<Desk['requests']['api']>;

async function desk(t: Test): Promise<Desk & { get: (path: string, asked?: Asked) => Reply }> {
  const opened = await openDesk(t, [registered(new Monitor(), 'monitor')]);
  return { ...opened, get: (path, asked) => opened.requests.api(apiRequest(path, asked)) };
}

t.test('a handler gets the request, and the caller without the token', async (t) => {
  const { get } = await desk(t);
  const reply = await get('echo/a b', {
    ...{ method: 'POST', body: Buffer.from([0xff, 0x61]), query: { q: '1' } },
    headers: { authorization: 'Bearer x', cookie: 'y', 'x-other': 'z' },
    permissions: ['module:plugin/monitor:manage'],
  });
  t.match(reply, { status: 200, headers: { 'content-type': 'application/json; charset=utf-8' } });
  t.same(jsonIn(reply), {
    ...{ method: 'POST', path: 'echo/a b', params: { word: 'a b' }, query: { q: '1' } },
    ...{ headers: { 'x-other': 'z' }, text: '\ufffda', bytes: 2, instance: null, settings: { interval: 60 } },
    module: { type: 'plugin', name: 'monitor', version: '1.0.0' },
    actor: { id: 'tok_1', name: 'ops', can: [false, true] },
  });
  t.equal(jsonIn(await get('echo/fixed')), 'fixed', 'a fixed part has precedence over a parameter');
});

t.test('a route needs its permission, and a caller without any learns nothing', async (t) => {
  const { get, known } = await desk(t);
  const one = (key: string): Asked => ({ permissions: [`module:plugin/monitor:${key}`] });
  t.match(await get('count', one('view')), { status: 200 });
  await t.rejects(get('count', one('manage')), { code: 'forbidden' });
  await t.rejects(get('count', { permissions: ['sites:write'] }), { code: 'forbidden' });
  await t.rejects(get('count', { permissions: ['module:plugin/monitor2:view'] }), { code: 'forbidden' });
  const other = { module: { type: 'plugin', name: 'other' } };
  await t.rejects(get('count', { ...one('view'), ...other }), { code: 'forbidden' });
  await t.rejects(get('count', other), { code: 'module_not_found' });
  known.push({ ...other.module, state: 'error', reason: 'no luck' });
  await t.rejects(get('count', other), { code: 'module_unavailable', detail: /is error: no luck/ });
  await t.rejects(get('nowhere'), { code: 'route_not_found' });
  await t.rejects(get('count', { method: 'DELETE' }), { code: 'method_not_allowed', message: /Use GET/ });
});

t.test('replies of every kind', async (t) => {
  const { get, log } = await desk(t);
  t.match(await get('empty'), { status: 204, body: null });
  t.match(await get('redirect'), { status: 303, headers: { location: '/elsewhere' } });
  t.notOk((await get('redirect-out')).headers['location']);
  const { status, headers } = await get('headers');
  t.same(
    { status, headers },
    { status: 201, headers: { 'content-type': 'text/plain; charset=utf-8', etag: '"1"' } },
  );
  t.ok(log.some((line) => line.includes('"headers":["set-cookie","x-accel-redirect","vary"]')));
  const stream = await get('stream');
  t.match(stream.headers, {
    'content-type': 'text/csv',
    'content-disposition': /filename\*=UTF-8''all%20%C3%BC/,
  });
  t.equal((await buffer(stream.body as Readable)).length, 200_000);
  await t.rejects(get('errors'), {
    ...{ code: 'validation_failed', status: 422, message: 'Please correct the form.' },
    fields: { host: 'is not known' },
  });
  t.equal(jsonIn(await get('count')), 1);
  t.equal(jsonIn(await get('count')), 2, 'the process is used again');
});

t.test('a stream that is not read ends, and the module answers others', async (t) => {
  const { get } = await desk(t);
  const { body } = await get('stream');
  (body as Readable).destroy();
  t.match(await get('count'), { status: 200 });
});

t.test('a body is checked with the schema of its route, and the module uses the agent', async (t) => {
  const { get, moduleLog } = await desk(t);
  const post = (body: string, type = 'application/json') =>
    get('checks', { method: 'POST', body, headers: { 'content-type': type } });
  await t.rejects(post('{"host":" x "}'), {
    ...{ code: 'validation_failed', fields: { host: 'must have 3 letters' } },
  });
  await t.rejects(post(''), { code: 'validation_failed', fields: { host: 'is missing' } });
  await t.rejects(post('[]'), { code: 'validation_failed' });
  await t.rejects(post('{'), { code: 'invalid_json' });
  const made = await post('host=+db1.test+', 'application/x-www-form-urlencoded');
  t.match(
    { status: made.status, json: jsonIn(made) },
    {
      ...{ status: 201, json: { key: 'db1.test', port: 443, last: 'db1.test' } },
    },
  );
  await t.rejects(post('{"host":"db1.test"}'), { code: 'document_conflict' });
  t.same(jsonIn(await get('checks')), { hosts: ['db1.test'], title: 'title' });
  t.match(moduleLog.slice(4), [
    { level: 'info', message: 'added', step: 'POST checks', fields: { host: 'db1.test' }, request_id: 'r-1' },
    { message: 'added' },
    { level: 'info', message: 'the request failed', fields: { code: 'document_conflict' } },
  ]);
  t.notMatch(JSON.stringify(moduleLog), /hunter2/);
});

t.test('a module keeps secrets of its own', async (t) => {
  const { get } = await desk(t);
  const expected = createHmac('sha256', 'a token of the module').update('x').digest('hex');
  t.equal(jsonIn(await get('sign')), expected);
});

t.test('the rate of a route is limited for each token', async (t) => {
  const { get, requests } = await desk(t);
  await get('limited');
  await get('limited');
  await t.rejects(get('limited'), { code: 'rate_limited' });
  t.match(await requests.api({ ...apiRequest('limited'), tokenId: 'tok_2' }), { status: 200 });
  t.match(await get('count'), { status: 200 });
});
