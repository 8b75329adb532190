/** The embedded TLS proxy obeys what the nginx driver renders, as a real nginx would. */
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, request as plainRequest, type IncomingMessage } from 'node:http';
import { request as secureRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import type { ProxyHost } from '../../../src/drivers/proxy/contract.js';
import type { ProxyState } from '../../../src/model/proxy-state.js';
import type { CertificateEntry } from '../../../src/drivers/proxy/nginx/certificates.js';
import { renderPages } from '../../../src/drivers/proxy/nginx/pages.js';
import { renderFront, renderMaps, renderNginx } from '../../../src/drivers/proxy/nginx/render.js';
import { openCa } from '../../../src/sandbox/ca.js';
import { createFaults } from '../../../src/sandbox/control/faults.js';
import { listen } from '../../../src/sandbox/memory/listen.js';
import { startProxy } from '../../../src/sandbox/memory/proxy.js';
import { freePort } from '../../../src/sandbox/ports.js';
import { testFolder } from '../../test-folder.js';

const dir = testFolder(t);
const ca = await openCa(join(dir, 'ca'));
const certificate = await ca.certificate('proxy', ['sandbox.test', '*.sandbox.test']);
const ports = { http: await freePort(), https: await freePort(), status: await freePort() };
const proxyDir = join(dir, 'proxy');

const site = createServer((request, response) => {
  request.resume().on('end', () => {
    response.statusCode = Number(request.headers['x-fail'] ?? 200);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ url: request.url, method: request.method, headers: request.headers }));
  });
});
site.on('upgrade', (_request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n');
  socket.on('data', (chunk) => socket.write(`echo ${String(chunk)}`)).on('error', () => {});
});
const running = await listen(site, 0);
const sitePort = (site.address() as AddressInfo).port;
const closedPort = await freePort();

await mkdir(join(proxyDir, 'pages'), { recursive: true });
for (const [name, text] of Object.entries(renderPages()))
  await writeFile(join(proxyDir, 'pages', name), text);
const proxy = await startProxy({
  dir: proxyDir,
  ports,
  certificate,
  maxUploadBytes: 1000,
  upstreamOf: (address) =>
    ({
      '10.77.0.10': { host: '127.0.0.1', port: sitePort },
      '10.77.0.11': { host: '127.0.0.1', port: closedPort },
    })[address],
  faults: createFaults(),
});
t.teardown(() => Promise.all([proxy.close(), running.close()]));

const host = (name: string, state: ProxyState, address: string): ProxyHost => ({
  mark: { agent: 'sandbox', panel: 'default', service: name, generation: 1 },
  names: [`${name}.sandbox.test`],
  upstream: { address, port: 80 },
  state,
});

const config = {
  dir: proxyDir,
  test: [],
  reload: [],
  status_port: ports.status,
  listen: ['127.0.0.1'],
  http_port: ports.http,
  https_port: ports.https,
  certificate_file: certificate.certFile,
  certificate_key_file: certificate.keyFile,
  max_upload_mb: 64,
  real_ip_from: [],
};

async function write(
  hosts: readonly ProxyHost[],
  version: string,
  certificates: readonly CertificateEntry[] = [],
): Promise<void> {
  await writeFile(join(proxyDir, 'nginx.conf'), renderNginx(config, hosts, version, certificates));
}

interface Seen {
  readonly status: number | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

async function get(
  name: string,
  options: { plain?: boolean; path?: string; body?: string; headers?: Record<string, string> } = {},
): Promise<Seen> {
  const { plain = false, path = '/', body, headers = {} } = options;
  const common = { host: '127.0.0.1', path, method: body === undefined ? 'GET' : 'POST', agent: false };
  return new Promise((resolve, reject) => {
    const onAnswer = (response: IncomingMessage): void => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode, headers: response.headers, body: text }),
      );
    };
    const asked = plain
      ? plainRequest({ ...common, port: ports.http, headers: { host: name, ...headers } }, onAnswer)
      : secureRequest(
          { ...common, port: ports.https, ca: ca.ca, servername: name, headers: { host: name, ...headers } },
          onAnswer,
        );
    asked.on('error', reject).end(body);
  });
}

t.test('shows each site as its state says', async (t) => {
  t.equal((await get('shop.sandbox.test')).status, 404, 'nothing is served before the first reload');
  await write(
    [
      host('shop', 'enabled', '10.77.0.10'),
      host('new', 'preparing', '10.77.0.10'),
      host('newer', 'preparing', '10.77.0.12'),
      host('late', 'suspended', '10.77.0.10'),
      host('broken', 'enabled', '10.77.0.11'),
      host('gone', 'disabled', '10.77.0.10'),
    ],
    '7',
  );
  await proxy.reload();
  t.equal((await get('shop.sandbox.test')).status, 200);
  const odd = await get('shop.sandbox.test', { headers: { host: 'SHOP.sandbox.test:8443' } });
  t.equal(odd.status, 200, 'case and port do not matter');
  t.equal((await get('new.sandbox.test')).status, 200, 'being prepared, but it answers');
  const page = (retry: string | undefined, words: RegExp, status = 503) => ({
    status,
    headers: { 'cache-control': 'no-store', ...(retry === undefined ? {} : { 'retry-after': retry }) },
    body: words,
  });
  t.match(await get('newer.sandbox.test'), page('5', /being prepared/));
  for (const code of ['500', '502', '503', '504']) {
    const fail = { headers: { 'x-fail': code } };
    t.match(await get('new.sandbox.test', fail), page('5', /being prepared/), `unfinished, ${code}`);
    t.equal((await get('shop.sandbox.test', fail)).status, Number(code), 'a finished site speaks for itself');
  }
  t.match(await get('late.sandbox.test'), page('3600', /suspended/));
  t.match(await get('broken.sandbox.test'), page('10', /does not answer/));
  t.match(await get('gone.sandbox.test'), page(undefined, /no site here/, 404));
  t.match(await get('other.sandbox.test'), page(undefined, /no site here/, 404));
  const status = await fetch(`http://127.0.0.1:${ports.status}/innkeeper-version`);
  t.equal(await status.text(), '7');
});

t.test('tells the container who asks, and lets nobody claim to be another', async (t) => {
  const { body } = await get('shop.sandbox.test', {
    path: '/a?b=c',
    headers: {
      'x-forwarded-for': '198.51.100.1',
      'x-forwarded-proto': 'http',
      connection: 'keep-alive, x-hop',
    },
  });
  t.match(JSON.parse(body), {
    url: '/a?b=c',
    headers: {
      host: 'shop.sandbox.test',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'shop.sandbox.test',
      'x-real-ip': '127.0.0.1',
    },
  });
  t.match(JSON.parse((await get('shop.sandbox.test', { body: 'x'.repeat(900) })).body), { method: 'POST' });
  t.equal((await get('shop.sandbox.test', { body: 'x'.repeat(2000) })).status, 413);
});

t.test('plain HTTP leads to https, for names that are served', async (t) => {
  const { status, headers } = await get('shop.sandbox.test', { plain: true, path: '/page?x=1' });
  t.equal(status, 301);
  t.equal(headers.location, `https://shop.sandbox.test:${ports.https}/page?x=1`);
  t.equal((await get('other.sandbox.test', { plain: true })).status, 404);
});

t.test('passes WebSockets on', async (t) => {
  const echoed = await new Promise<string>((resolve, reject) => {
    const asked = secureRequest({
      host: '127.0.0.1',
      port: ports.https,
      ca: ca.ca,
      servername: 'shop.sandbox.test',
      headers: { host: 'shop.sandbox.test', connection: 'Upgrade', upgrade: 'websocket' },
    });
    asked.on('upgrade', (_response, socket) => {
      socket.on('data', (chunk) => resolve(String(chunk))).on('error', () => {});
      socket.write('hello');
    });
    asked.on('error', reject).end();
  });
  t.equal(echoed, 'echo hello');
});

t.test('goes on serving what it has when the new configuration is no good', async (t) => {
  await writeFile(join(proxyDir, 'nginx.conf'), 'server {');
  await t.rejects(proxy.test(), /not what the nginx driver renders/);
  await t.rejects(proxy.reload());
  t.equal((await get('shop.sandbox.test')).status, 200);
  await write([], '8');
  await proxy.reload();
  t.equal((await get('shop.sandbox.test')).status, 404);
});

t.test(
  'a name with a certificate of its own gets it, and challenges are answered on the plain port',
  async (t) => {
    const own = await ca.certificate('own', ['shop.example.org']);
    const folder = join(proxyDir, 'certificates');
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'a1-0123456789abcdef.pem'), own.cert);
    await writeFile(join(folder, 'a1-0123456789abcdef.key'), own.key);
    const shop = { ...host('shop', 'enabled', '10.77.0.10'), names: ['shop.example.org'] };
    await write([shop], '77', [{ id: 'a1', names: ['shop.example.org'], file: 'a1-0123456789abcdef' }]);
    await proxy.reload();
    t.equal((await get('shop.example.org')).status, 200);
    await mkdir(join(proxyDir, 'challenges'), { recursive: true });
    await writeFile(join(proxyDir, 'challenges', 'tok'), 'tok.print');
    const path = '/.well-known/acme-challenge/tok';
    t.match(await get('shop.example.org', { plain: true, path }), { status: 200, body: 'tok.print' });
    t.match(await get('shop.example.org', { plain: true, path: `${path}2` }), { status: 404 });
  },
);

t.test('obeys a proxy host behind SSH too, whose maps are in a file of their own', async (t) => {
  const maps = (version: string): string =>
    `${renderMaps(config, [host('apart', 'enabled', '10.77.0.10')], [])}\n` +
    `map $host $innkeeper_version {\n    default "${version}";\n}\n`;
  await writeFile(join(proxyDir, 'nginx.conf'), renderFront(config));
  await t.rejects(proxy.test(), /open\(\) ".*maps\.conf" failed \(2: No such file or directory\)$/);
  await writeFile(join(proxyDir, 'maps.conf'), maps('12'));
  await proxy.test();
  await proxy.reload();
  t.equal((await get('apart.sandbox.test')).status, 200);
  t.equal(proxy.served().version, '12');
});
