import { writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { Secret } from '../../../src/kernel/secret.js';
import { plainCall } from '../../../src/drivers/shared/call.js';
import type { SiteRequest } from '../../../src/drivers/web/contract.js';
import { publicEndpoint } from '../../../src/drivers/web/public-endpoint/index.js';
import { makeCertificate } from '../../fakes/certificate.js';
import { testFolder } from '../../test-folder.js';

const HOST = 'shop.example.test';
const call = (): ReturnType<typeof plainCall> => plainCall(AbortSignal.timeout(20_000));
const get = (path: string, more: Partial<SiteRequest> = {}): SiteRequest => ({
  host: HOST,
  path,
  method: 'GET',
  ...more,
});

interface DoorOptions {
  readonly names?: string[];
  readonly days?: number;
  /** Long unless it is what the test is about: a busy machine is no silent site. */
  readonly deadlineMs?: number;
}

async function door(
  t: Test,
  listener: RequestListener,
  { names = ['*.example.test'], days, deadlineMs = 15_000 }: DoorOptions = {},
) {
  const certificate = await makeCertificate(names, days);
  const server = createServer({ cert: certificate.cert, key: certificate.key }, listener).listen(
    0,
    '127.0.0.1',
  );
  await new Promise((resolve) => server.once('listening', resolve));
  const file = join(testFolder(t), 'ca.pem');
  await writeFile(file, certificate.ca);
  const config = { address: '127.0.0.1', https_port: (server.address() as AddressInfo).port, ca_file: file };
  const driver = publicEndpoint(config, { deadlineMs });
  t.teardown(async () => {
    await driver.close();
    server.closeAllConnections();
    server.close();
  });
  return { driver, config };
}

t.test('a request carries name, form and cookies; the answer its headers, cookies and body', async (t) => {
  let servername: unknown;
  const { driver } = await door(t, (asked, answer) => {
    servername = Reflect.get(asked.socket, 'servername');
    let body = '';
    asked.on('data', (chunk) => (body += String(chunk)));
    asked.on('end', () => {
      answer.setHeader('set-cookie', ['a=1; Path=/; HttpOnly', 'b=x=y', 'nonsense']);
      answer.setHeader('location', 'https://elsewhere.test/');
      answer.writeHead(302).end(JSON.stringify({ url: asked.url, headers: asked.headers, body }));
    });
  });
  const form = { log: 'admin', pwd: new Secret('p&s = ü') };
  const answer = await driver.fetch(
    get('//x?q=1', { method: 'POST', form, cookies: { test: '1', other: '2' } }),
    call(),
  );
  t.equal(servername, HOST);
  t.match(answer, {
    status: 302,
    headers: { location: 'https://elsewhere.test/' },
    cookies: { a: '1', b: 'x=y' },
  });
  t.match(JSON.parse(answer.body), {
    url: '//x?q=1',
    body: 'log=admin&pwd=p%26s+%3D+%C3%BC',
    headers: { host: HOST, cookie: 'test=1; other=2', 'content-type': 'application/x-www-form-urlencoded' },
  });
});

t.test('of a large body one MiB is read, and a broken one is no answer', async (t) => {
  const { driver } = await door(t, (asked, answer) => {
    if (asked.url === '/large') {
      answer.end(Buffer.alloc(3 * 1024 * 1024, 'x'));
      return;
    }
    answer.writeHead(200, { 'content-length': '100' }).write('half');
    setTimeout(() => asked.socket.destroy(), 10);
  });
  t.equal((await driver.fetch(get('/large'), call())).body.length, 1024 * 1024);
  await t.rejects(driver.fetch(get('/half'), call()), { code: 'site_unreachable' });
});

t.test('a certificate that is not for this name, not trusted or expired is said so', async (t) => {
  const listener: RequestListener = (_, answer) => void answer.end('never seen');
  const wrongName = await door(t, listener, { names: ['elsewhere.test'] });
  await t.rejects(wrongName.driver.fetch(get('/'), call()), {
    code: 'site_unreachable',
    retryable: true,
    detail: /ERR_TLS_CERT_ALTNAME_INVALID.*shop\.example\.test/s,
  });
  const expired = await door(t, listener, { days: -1 });
  await t.rejects(expired.driver.fetch(get('/'), call()), {
    code: 'site_unreachable',
    detail: /CERT_HAS_EXPIRED/,
  });
  const { config } = await door(t, listener);
  const untrusting = publicEndpoint({ ...config, ca_file: null });
  await t.rejects(untrusting.fetch(get('/'), call()), {
    code: 'site_unreachable',
    detail: /UNABLE_TO_(VERIFY|GET_ISSUER)/,
  });
  await untrusting.close();
  const missing = publicEndpoint({ ...config, ca_file: '/nowhere/ca.pem' });
  await t.rejects(missing.fetch(get('/'), call()), { code: 'site_unreachable', detail: /ENOENT.*ca\.pem/ });
  await missing.close();
});

t.test('silence, a refused connection and an abort end the call', async (t) => {
  const { driver, config } = await door(t, () => {}, { deadlineMs: 500 });
  await t.rejects(driver.fetch(get('/'), call()), {
    code: 'site_unreachable',
    detail: /no answer within 0\.5 s/,
  });
  const stop = new AbortController();
  const waiting = driver.fetch(get('/'), plainCall(stop.signal));
  stop.abort();
  await t.rejects(waiting, { code: 'aborted' });
  await t.rejects(driver.fetch(get('relative'), call()), {
    code: 'site_unreachable',
    detail: /not an absolute path/,
  });
  const closed = createTcpServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => closed.once('listening', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const nobody = publicEndpoint({ ...config, https_port: port });
  await t.rejects(nobody.fetch(get('/'), call()), { code: 'site_unreachable', detail: /ECONNREFUSED/ });
  await nobody.close();
});
