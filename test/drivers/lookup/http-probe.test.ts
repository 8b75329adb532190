import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import t, { type Test } from 'tap';
import { AgentError } from '../../../src/kernel/errors.js';
import { pointsHere } from '../../../src/domains/points-here.js';
import { nameLookup } from '../../../src/drivers/lookup/resolver/index.js';
import { fakeDrivers } from '../../fakes/drivers.js';
import { fakeNameServer } from '../../fakes/name-server.js';
import { selfSigned } from '../../fakes/tls-files.js';

const call = { signal: AbortSignal.timeout(60_000) };
const OURS = ['203.0.113.10'];
type Handler = (asked: IncomingMessage, answer: ServerResponse) => void;

async function listen(t: Test, server: Server & { closeAllConnections(): void }, host: string, port = 0) {
  server.listen(port, host);
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Names lead to 127.0.0.x, where one HTTP server listens at 127.0.0.1 and what it hears and answers is the test's. */
async function world(t: Test, networks = ['127.0.0.0/8']) {
  const dns = await fakeNameServer();
  t.teardown(() => dns.close());
  for (const zone of ['example.test', 'evil.test']) dns.records.set(`${zone} NS`, [`ns1.example.test`]);
  dns.records.set('ns1.example.test A', ['127.0.0.1']);
  const heard: string[] = [];
  const site: { handler: Handler } = { handler: (_, answer) => void answer.writeHead(404).end() };
  const port = await listen(
    t,
    createServer((asked, answer) => {
      heard.push(`${asked.socket.localAddress ?? ''} ${asked.headers.host ?? ''}${asked.url ?? ''}`);
      site.handler(asked, answer);
    }),
    '127.0.0.1',
  );
  const drivers = fakeDrivers();
  const words = new Map<string, string>();
  drivers.proxy.ensureChallenge = async (token, content) => void words.set(token, content);
  drivers.proxy.removeChallenge = async (token) => void words.delete(token);
  const settings = {
    resolvers: [`127.0.0.1:${dns.port}`],
    dns_port: dns.port,
    lookup_timeout_s: 8,
    lab_networks: networks,
    closed_networks: [],
    http_port: port,
    https_port: 443,
  };
  const lookup = nameLookup(settings);
  /** As a CDN: fetches from our proxy what it is asked for. */
  const handOn: Handler = ({ url = '' }, answer) => {
    const word = words.get(url.replace('/.well-known/acme-challenge/', ''));
    answer.writeHead(word === undefined ? 404 : 200).end(word);
  };
  const arrives = async (name: string, also: readonly string[] = []): Promise<boolean> =>
    (await pointsHere({ lookup, proxy: drivers.proxy }, name, also, OURS, call)).here;
  return { dns, heard, site, port, drivers, words, settings, handOn, arrives };
}

t.test('a name behind a CDN arrives when what only our proxy knows comes back through it', async (t) => {
  const { dns, site, handOn, arrives, words, heard } = await world(t);
  dns.records.set('example.test A', ['127.0.0.1']);
  t.equal(await arrives('example.test'), false, 'somebody else answers 404');
  site.handler = (_, answer) => void answer.end('hello');
  t.equal(await arrives('example.test'), false, 'or anything');
  site.handler = handOn;
  t.equal(await arrives('example.test'), true);
  t.match(heard.at(-1), /^127\.0\.0\.1 example\.test\/\.well-known\/acme-challenge\/[0-9a-f]{32}$/);
  t.equal(words.size, 0, 'nothing is left at the proxy');
});

t.test('every address counts: one that is ours, or hands on, does not speak for the others', async (t) => {
  const { dns, site, handOn, arrives } = await world(t);
  site.handler = handOn;
  dns.records.set('example.test A', ['203.0.113.10', '127.0.0.1']);
  t.equal(await arrives('example.test'), true, 'ours and a CDN');
  dns.records.set('example.test A', ['203.0.113.10', '127.0.0.1', '127.0.0.2']);
  t.equal(await arrives('example.test'), false, 'and one where nobody listens');
  dns.records.set('example.test A', ['203.0.113.10']);
  dns.records.set('example.test AAAA', ['2001:db8::1']);
  t.equal(await arrives('example.test'), false, 'ours, and a stray one that is not even asked');
});

t.test('private addresses get no packet: not at first, and not at a redirect', async (t) => {
  const closed = await world(t, []);
  const { heard, site, handOn, settings } = await world(t, ['127.0.0.1/32']);
  site.handler = handOn;
  const other: string[] = [];
  await listen(
    t,
    createServer((asked, answer) => void answer.end(String(other.push(String(asked.url))))),
    '127.0.0.2',
    settings.http_port,
  );
  // the look-up itself may go to the lab's server, the knock may not go anywhere
  const { httpProbe } = await import('../../../src/drivers/lookup/resolver/http-probe.js');
  const asked = { name: 'example.test', path: '/x', alsoNames: ['www.example.test'], except: [] };
  for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1', '10.0.0.1', '169.254.169.254', '0.0.0.0'])
    t.same(
      await httpProbe({ ...settings, lab_networks: [] }, asked, async () => [address], call.signal),
      [undefined],
      address,
    );
  t.same([...heard, ...closed.heard], []);

  const to = (name: string): Promise<readonly string[]> =>
    Promise.resolve(name === 'example.test' ? ['127.0.0.1'] : ['127.0.0.2']);
  for (const location of [
    'http://www.example.test/x',
    'http://127.0.0.2/x',
    'http://[::ffff:127.0.0.2]/x',
    'http://2130706434/x',
    '//127.0.0.2/x',
    'http://evil.test/x',
    'http://example.test@127.0.0.2/x',
    'http://example.test:22/x',
    'gopher://example.test/x',
    'file:///etc/passwd',
    'http://[',
  ]) {
    site.handler = (_, answer) => void answer.writeHead(302, { location }).end();
    t.same(await httpProbe(settings, asked, to, call.signal), [undefined], location);
  }
  t.same(other, [], 'nobody knocked there');
  t.equal(heard.length, 11);
});

t.test('a name that changes its mind between look and knock is asked where it was looked at', async (t) => {
  const { heard, site, settings } = await world(t, ['127.0.0.1/32']);
  const { httpProbe } = await import('../../../src/drivers/lookup/resolver/http-probe.js');
  let asked = 0;
  const rebinding = async (): Promise<readonly string[]> => [asked++ === 0 ? '127.0.0.1' : '127.0.0.2'];
  site.handler = ({ url }, answer) =>
    void (url === '/x' ? answer.writeHead(301, { location: '/y' }) : answer).end('found');
  const order = { name: 'example.test', path: '/x', alsoNames: [], except: [] };
  t.same(await httpProbe(settings, order, rebinding, call.signal), ['found']);
  t.equal(asked, 1);
  t.same(heard, ['127.0.0.1 example.test/x', '127.0.0.1 example.test/y']);
});

t.test('redirects to the same name are followed, to HTTPS too, and not for ever', async (t) => {
  const { dns, heard, site, settings, handOn, arrives } = await world(t);
  dns.records.set('example.test A', ['127.0.0.1']);
  const { cert, key } = await selfSigned('somebody.else');
  settings.https_port = await listen(t, createTlsServer({ cert, key }, handOn), '127.0.0.1');
  site.handler = ({ url = '' }, answer) =>
    void answer.writeHead(301, { location: `https://example.test${url}` }).end();
  t.equal(await arrives('example.test'), true);
  dns.records.set('www.example.test A', ['127.0.0.1']);
  site.handler = (asked, answer) =>
    asked.headers.host === 'example.test'
      ? void answer.writeHead(301, { location: `http://www.example.test${asked.url ?? ''}` }).end()
      : handOn(asked, answer);
  t.equal(await arrives('example.test'), false, 'another name');
  t.equal(await arrives('example.test', ['www.example.test']), true, 'its own other name');
  heard.length = 0;
  site.handler = ({ url = '' }, answer) => void answer.writeHead(302, { location: url }).end();
  t.equal(await arrives('example.test'), false);
  t.equal(heard.length, 5);
});

t.test('whoever answers without end, or breaks off, is not waited for', async (t) => {
  const { dns, site, arrives, drivers, words } = await world(t);
  dns.records.set('example.test A', ['127.0.0.1']);
  site.handler = (_, answer) => void answer.writeHead(200).write('x'.repeat(1_000_000));
  t.equal(await arrives('example.test'), false);
  site.handler = ({ socket }) => void socket.destroy();
  t.equal(await arrives('example.test'), false);
  site.handler = () => {};
  t.equal(await arrives('example.test'), false, 'silence');
  t.equal(words.size, 0);
  drivers.proxy.ensureChallenge = async () => {
    throw new AgentError('proxy_unreachable', 'The reverse proxy cannot be changed right now.');
  };
  t.equal(await arrives('example.test'), false, 'our own proxy is away: nothing is proven');
});
