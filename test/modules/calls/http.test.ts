/** HTTP requests of modules against servers on loopback. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { text } from 'node:stream/consumers';
import t, { type Test } from 'tap';
import { Secret } from '../../../src/kernel/secret.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { selfSigned } from '../../fakes/tls-files.js';
import { moduleCalls } from './harness.js';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Answer = (seen: Seen, response: ServerResponse, count: number) => void;

async function serve(t: Test, answer: Answer, tls?: { cert: string; key: string }) {
  const seen: Seen[] = [];
  const listener: RequestListener = (request, response) => {
    void text(request).then((body) => {
      const { method = '', url = '', headers } = request;
      seen.push({ method, url, headers, body });
      answer({ method, url, headers, body }, response, seen.length);
    });
  };
  const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  return { seen, base: `${tls ? 'https' : 'http'}://127.0.0.1:${port}` };
}

const echo: Answer = ({ body }, response) => response.end(body);

t.test('a request with everything arrives as it was said, with the secrets in their places', async (t) => {
  const { seen, base } = await serve(t, (_, response) => {
    response.writeHead(201, { 'x-count': '3', 'set-cookie': ['a=1', 'b=2'] }).end('made');
  });
  const { call, secrets } = await moduleCalls(t);
  secrets.set('token', new Secret('canary-Aa11'));
  secrets.set('login', new Secret('canary-Bb22:x'));
  const answer = await call('http.request', {
    ...{ baseUrl: `${base}/api/v1/`, url: '/accounts', method: 'POST', query: { page: 2, all: true } },
    headers: { 'X-Token': { secret: 'token' }, Accept: 'application/json' },
    basicAuth: { user: 'admin', password: { secret: 'login' } },
    json: { name: 'a', auth: [{ secret: 'token' }], secret: 'plain', deep: { n: 1, secret: 'two keys' } },
  });
  t.same([answer.status, answer.body], [201, 'made']);
  t.match(answer.headers, { 'x-count': '3', 'set-cookie': 'a=1, b=2' });
  t.match(seen, [
    {
      ...{ method: 'POST', url: '/api/v1/accounts?page=2&all=true' },
      headers: {
        ...{ 'x-token': 'canary-Aa11', accept: 'application/json', 'content-type': 'application/json' },
        authorization: `Basic ${Buffer.from('admin:canary-Bb22:x').toString('base64')}`,
      },
      body: '{"name":"a","auth":["canary-Aa11"],"secret":"plain","deep":{"n":1,"secret":"two keys"}}',
    },
  ]);
  await call('http.request', {
    ...{ url: `${base}/form`, method: 'PUT', bearer: { secret: 'token' } },
    form: { user: 'a b', password: { secret: 'login' } },
  });
  t.match(seen[1], {
    body: 'user=a+b&password=canary-Bb22%3Ax',
    headers: { authorization: 'Bearer canary-Aa11', 'content-type': 'application/x-www-form-urlencoded' },
  });
  await call('http.request', { url: base, method: 'POST', literalJson: true, json: { secret: 'token' } });
  t.equal(seen[2]?.body, '{"secret":"token"}');
});

t.test('a request that says too much or too little is refused before anything is sent', async (t) => {
  const { seen, base } = await serve(t, echo);
  const { raw, secrets } = await moduleCalls(t);
  secrets.set('lines', new Secret('canary\r\nx-evil: 1'));
  const bad: Readonly<Record<string, object>> = {
    'no URL': {},
    'not a URL': { url: 'nowhere' },
    'another scheme': { url: 'file:///etc/passwd' },
    'a socket': { url: 'unix:/run/x.sock' },
    'a user in it': { url: 'http://a:b@127.0.0.1/' },
    'away from its base': { baseUrl: base, url: 'http://127.0.0.1:1/' },
    'two bodies': { url: base, method: 'POST', body: 'a', json: {} },
    'GET with a body': { url: base, body: 'a' },
    'a secret that is not there': { url: base, bearer: { secret: 'none' } },
    'an inherited name': { url: base, bearer: { secret: 'constructor' } },
    'a header of the agent': { url: base, headers: { Host: 'other' } },
    'a header name': { url: base, headers: { 'a b': 'x' } },
    'a line break': { url: base, headers: { 'x-a': { secret: 'lines' } } },
    'a line break in bearer': { url: base, bearer: { secret: 'lines' } },
    'another method': { url: base, method: 'CONNECT' },
    'too long': { url: base, timeoutS: 301 },
    'too large': { url: base, maxBytes: 5 * 1024 ** 2 },
    'too often': { url: base, retries: 6 },
    'an unknown key': { url: base, dispatcher: {} },
    'no fingerprint': { url: base, tls: { fingerprint: 'aa' } },
  };
  for (const [what, request] of Object.entries(bad)) {
    const error: unknown = await raw('http.request', request).catch((thrown: unknown) => thrown);
    t.match(error, { code: 'module_failed', retryable: false }, what);
    t.notMatch(`${String(error)} ${String(Reflect.get(Object(error), 'detail'))}`, /canary/);
  }
  t.same(seen, []);
});

t.test('failures that pass are tried again, with growing pauses; a POST only if it says so', async (t) => {
  const { seen, base } = await serve(t, ({ url }, response, count) => {
    if (url === '/reset' && count < 3) response.destroy();
    else if (url === '/busy' && count < 3) response.writeHead(503, { 'retry-after': '7' }).end();
    else response.end('at last');
  });
  const { call, clock } = await moduleCalls(t);
  const turned = async <T>(work: Promise<T>, ms: number): Promise<T> => {
    const ended = { yet: false };
    void work.catch(() => undefined).finally(() => (ended.yet = true));
    for (let n = 0; n < 2_000 && !ended.yet; n += 1) {
      if (clock.sleepers > 0) await clock.turn(ms);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return work;
  };
  t.match(await turned(call('http.request', { url: `${base}/reset` }), 1_000), {
    status: 200,
    body: 'at last',
  });
  t.equal(seen.length, 3);
  seen.length = 0;
  const before = clock.monotonic();
  t.match(await turned(call('http.request', { url: `${base}/busy` }), 100), { status: 200 });
  t.ok(clock.monotonic() - before >= 14_000, 'twice the pause that the server asked for');
  seen.length = 0;
  t.match(await call('http.request', { url: `${base}/busy`, method: 'POST' }), { status: 503 });
  t.equal(seen.length, 1);
  seen.length = 0;
  t.match(await turned(call('http.request', { url: `${base}/busy`, method: 'POST', retries: 2 }), 7_000), {
    status: 200,
  });
  seen.length = 0;
  t.match(await call('http.request', { url: `${base}/busy`, retries: 0 }), { status: 503 });
});

t.test('a server that is not there, does not answer or says too much', async (t) => {
  const { base } = await serve(t, ({ url }, response) => {
    if (url === '/large') response.end('x'.repeat(2_000));
    else if (url !== '/silent') response.end('ok');
  });
  const { call, as } = await moduleCalls(t, { deps: { clock: systemClock } });
  const gone = { url: 'http://127.0.0.1:1/secret-path?token=canary', retries: 0 };
  const error: unknown = await call('http.request', gone).catch((thrown: unknown) => thrown);
  t.match(error, { code: 'remote_unreachable', failure: 'unreachable', detail: /ECONNREFUSED/ });
  t.notMatch(String(Reflect.get(Object(error), 'detail')), /canary/, 'a query may hold a token');
  await t.rejects(call('http.request', { url: `${base}/silent`, timeoutS: 0.2 }), {
    code: 'remote_unreachable',
    detail: /no response within 0.2 s/,
  });
  await t.rejects(call('http.request', { url: `${base}/large`, maxBytes: 1_999 }), {
    code: 'remote_failed',
    detail: /more than 1999 bytes/,
  });
  t.equal((await call('http.request', { url: `${base}/large`, maxBytes: 2_000 })).body.length, 2_000);
  const base64 = await call('http.request', { url: base, encoding: 'base64' });
  t.equal(base64.body, Buffer.from('ok').toString('base64'));
  const stop = new AbortController();
  const stopped = as({ signal: stop.signal }).call('http.request', { url: `${base}/silent` });
  setImmediate(() => stop.abort(new Error('the agent is stopping')));
  await t.rejects(stopped, { code: 'aborted' });
});

t.test('only the certificate that was named is accepted', async (t) => {
  const certificate = await selfSigned();
  const other = await selfSigned();
  const { seen, base } = await serve(t, echo, certificate);
  const { call } = await moduleCalls(t);
  const get = (tls?: { ca?: string; fingerprint?: string }): Promise<unknown> =>
    call('http.request', { url: base, retries: 0, ...(tls ? { tls } : {}) });
  await t.rejects(get(), { code: 'remote_unreachable', detail: /self-signed|SELF_SIGNED/ });
  await t.rejects(get({ ca: other.cert }), { code: 'remote_unreachable' });
  await t.rejects(get({ fingerprint: other.fingerprint }), {
    code: 'remote_unreachable',
    detail: /expected fingerprint/,
  });
  t.equal(seen.length, 0, 'nothing was sent to it');
  t.match(await get({ ca: certificate.cert }), { status: 200 });
  t.match(await get({ fingerprint: certificate.fingerprint.replaceAll(':', '').toLowerCase() }), {
    status: 200,
  });
  const plain = await serve(t, echo);
  await t.rejects(
    call('http.request', { url: plain.base, retries: 0, tls: { fingerprint: certificate.fingerprint } }),
    { code: 'remote_unreachable', detail: /expected fingerprint/ },
    'a connection without TLS has no certificate',
  );
});

t.test('an address that a customer gave is contacted only if it is public', async (t) => {
  const { seen, base } = await serve(t, echo);
  const { port } = new URL(base);
  const { call } = await moduleCalls(t);
  for (const host of ['127.0.0.1', 'localhost', '[::1]', '0x7f.1', '2130706433'])
    await t.rejects(
      call('http.request', { url: `http://${host}:${port}/`, publicOnly: true, retries: 0 }),
      { code: 'remote_failed', detail: /not a public address|no public address/ },
      host,
    );
  t.same(seen, []);
  t.match(await call('http.request', { url: base }), { status: 200 }, 'the operator may name any address');
});
