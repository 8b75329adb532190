import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import t, { type Test } from 'tap';
import { Agent, request } from 'undici';
import { systemClock } from '../../../src/kernel/clock.js';
import { Secret } from '../../../src/kernel/secret.js';
import type { ProxyDriver, ProxyHost } from '../../../src/drivers/proxy/contract.js';
import { nginxProxyDriver } from '../../../src/drivers/proxy/nginx/index.js';
import { call, hostOf, markOf, proxyContract } from '../../contracts/proxy.js';
import { makeCertificate } from '../../fakes/certificate.js';
import { freePort } from '../../fakes/free-port.js';
import { silentLog } from './nginx-stand-in.js';
import { type RealNginx, realNginx } from './real-nginx.js';

async function upstream(
  t: Test,
  listener: Parameters<typeof createServer>[1],
): Promise<ProxyHost['upstream']> {
  const server: Server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  server.on('upgrade', (asked, socket) => {
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${asked.headers.upgrade ?? ''}\r\nConnection: Upgrade\r\n\r\n`,
    );
    socket.on('data', (chunk: Buffer) => socket.write(`echo ${chunk.toString()}`));
    socket.on('error', () => {});
  });
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

function driverOver(t: Test, { config }: RealNginx): ProxyDriver {
  const driver = nginxProxyDriver(config, { clock: systemClock, log: silentLog });
  t.teardown(() => driver.close());
  return driver;
}

function visitor(t: Test, nginx: RealNginx) {
  return async (
    name: string,
    options: { method?: 'GET' | 'POST'; body?: Buffer; headers?: Record<string, string> } = {},
  ) => {
    const agent = new Agent({ connect: { ca: nginx.ca, servername: name } });
    t.teardown(() => agent.close());
    const answer = await request(`https://127.0.0.1:${nginx.config.https_port}/p?q=1`, {
      method: options.method ?? 'GET',
      body: options.body ?? null,
      headers: { ...options.headers, host: name },
      dispatcher: agent,
      reset: true,
    });
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
  };
}

const echo: Parameters<typeof createServer>[1] = (asked, answer) => {
  asked.resume().on('end', () => answer.end(JSON.stringify(asked.headers)));
};

t.test('the contract', async (t) => {
  await proxyContract(t, async (t) => {
    const nginx = await realNginx(t);
    await nginx.start();
    return driverOver(t, nginx);
  });
});

t.test('what visitors see in each state', async (t) => {
  const nginx = await realNginx(t);
  await nginx.start();
  const driver = driverOver(t, nginx);
  const visit = visitor(t, nginx);
  const working = await upstream(t, (asked, answer) => {
    answer.setHeader('x-path', asked.url ?? '');
    echo(asked, answer);
  });
  const nobody = { address: '127.0.0.1', port: await freePort() };
  const host = hostOf('shop', { upstream: nobody, state: 'preparing' });

  await driver.ensureHost(host, call());
  const preparing = await visit('shop.example.test');
  t.match(preparing, {
    status: 503,
    headers: { 'retry-after': '5', 'cache-control': 'no-store' },
    body: /being prepared/,
  });
  t.equal(preparing.headers['content-type'], 'text/html; charset=utf-8');
  t.match(await visit('shop.example.test', { method: 'POST', body: Buffer.from('x') }), {
    status: 503,
    body: /being prepared/,
  });

  await driver.ensureHost({ ...host, state: 'enabled' }, call());
  t.match(await visit('shop.example.test'), {
    status: 503,
    headers: { 'retry-after': '10' },
    body: /does not answer right now/,
  });

  const failing = await upstream(t, (asked, answer) => {
    answer.writeHead(Number(asked.headers['x-fail'] ?? 200), { 'x-own': '1' }).end('its own');
  });
  const fail = (code: number) =>
    visit('shop.example.test', {
      method: 'POST',
      body: Buffer.from('x'),
      headers: { 'x-fail': String(code) },
    });
  await driver.ensureHost({ ...host, upstream: failing }, call());
  for (const code of [500, 502, 503, 504])
    t.match(
      await fail(code),
      { status: 503, headers: { 'retry-after': '5' }, body: /being prepared/ },
      `preparing, ${code}`,
    );
  for (const code of [200, 403, 404])
    t.match(await fail(code), { status: code, body: 'its own' }, `preparing, ${code}`);
  await driver.ensureHost({ ...host, upstream: failing, state: 'enabled' }, call());
  for (const code of [200, 404, 500, 502, 503, 504])
    t.match(
      await fail(code),
      { status: code, headers: { 'x-own': '1' }, body: 'its own' },
      `enabled, ${code}`,
    );

  await driver.ensureHost({ ...host, upstream: working, state: 'enabled' }, call());
  const served = await visit('shop.example.test', {
    headers: { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-host': 'evil.test' },
  });
  t.match(served, { status: 200, headers: { 'x-path': '/p?q=1' } });
  t.match(JSON.parse(served.body), {
    host: 'shop.example.test',
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'shop.example.test',
  });
  t.equal(served.headers['strict-transport-security'], undefined);
  t.notMatch(String(served.headers['server']), /\d/, 'no version is told');
  const { port } = working;
  const withPort = await visit(`shop.example.test:${nginx.config.https_port}`);
  t.equal(
    (JSON.parse(withPort.body) as { host: string }).host,
    `shop.example.test:${nginx.config.https_port}`,
    `via ${port}`,
  );

  await driver.ensureHost({ ...host, upstream: working, state: 'suspended' }, call());
  t.match(await visit('shop.example.test'), {
    status: 503,
    headers: { 'retry-after': '3600', 'cache-control': 'no-store' },
    body: /suspended/,
  });
  await driver.ensureHost({ ...host, upstream: working, state: 'disabled' }, call());
  t.match(await visit('shop.example.test'), { status: 404, body: /no site here/ });
  await driver.removeHost(host.mark, call());
  t.match(await visit('shop.example.test'), {
    status: 404,
    headers: { 'cache-control': 'no-store' },
    body: /no site here/,
  });
  t.match(
    await visit('a.b.c.elsewhere.test').catch((error: unknown) => ({ error: String(error) })),
    { error: /altnames/ },
    'the wildcard is all there is',
  );
});

t.test('the answers of a site itself are never replaced, and its own pages path is not ours', async (t) => {
  const nginx = await realNginx(t);
  await nginx.start();
  const driver = driverOver(t, nginx);
  const visit = visitor(t, nginx);
  const site = await upstream(t, (asked, answer) => {
    answer.writeHead(Number(asked.headers['x-want'] ?? 200)).end('own words');
  });
  await driver.ensureHost(hostOf('own', { upstream: site }), call());
  for (const status of [404, 500, 502, 503, 504]) {
    t.match(await visit('own.example.test', { headers: { 'x-want': `${status}` } }), {
      status,
      body: 'own words',
    });
  }
});

t.test('plain HTTP leads to HTTPS for known names only', async (t) => {
  const nginx = await realNginx(t);
  await nginx.start();
  const driver = driverOver(t, nginx);
  await driver.ensureHost(hostOf('shop'), call());
  const plain = async (name: string) =>
    request(`http://127.0.0.1:${nginx.config.http_port}/a?b=c`, { headers: { host: name }, reset: true });
  const known = await plain('shop.example.test');
  await known.body.dump();
  t.equal(known.statusCode, 301);
  t.equal(known.headers['location'], `https://shop.example.test:${nginx.config.https_port}/a?b=c`);
  const unknown = await plain('evil.test');
  t.equal(unknown.statusCode, 404);
  t.match(await unknown.body.text(), /no site here/);
});

t.test('websockets, large uploads and the real address of visitors pass', async (t) => {
  const nginx = await realNginx(t, { real_ip_from: ['127.0.0.1'] });
  await nginx.start();
  const driver = driverOver(t, nginx);
  const visit = visitor(t, nginx);
  await driver.ensureHost(hostOf('shop', { upstream: await upstream(t, echo) }), call());
  const forwarded = await visit('shop.example.test', {
    headers: { 'x-forwarded-for': '6.6.6.6, 203.0.113.9' },
  });
  t.equal(
    (JSON.parse(forwarded.body) as Record<string, string>)['x-forwarded-for'],
    '203.0.113.9',
    'only the hop that our proxy saw is believed',
  );
  t.equal(
    (await visit('shop.example.test', { method: 'POST', body: Buffer.alloc(2 * 1024 * 1024) })).status,
    200,
  );
  t.equal(
    (await visit('shop.example.test', { method: 'POST', body: Buffer.alloc(2 * 1024 * 1024 + 1) })).status,
    413,
  );
  const socket = connect({
    host: '127.0.0.1',
    port: nginx.config.https_port,
    servername: 'shop.example.test',
    ca: nginx.ca,
    ALPNProtocols: ['http/1.1'],
  });
  t.teardown(() => socket.destroy());
  let got = '';
  socket.on('data', (chunk: Buffer) => {
    got += chunk.toString();
    if (got.endsWith('\r\n\r\n')) socket.write('hello');
  });
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: shop.example.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  while (!got.includes('echo hello')) await systemClock.sleep(10, AbortSignal.timeout(10_000));
  t.match(got, /^HTTP\/1\.1 101 /);
});

t.test('after a change is acknowledged, no visitor gets an older response', async (t) => {
  const nginx = await realNginx(t);
  await nginx.start();
  const driver = driverOver(t, nginx);
  const visit = visitor(t, nginx);
  const site = await upstream(t, echo);
  for (let round = 0; round < 8; round++) {
    const name = `round-${round}`;
    await driver.ensureHost(hostOf(name, { upstream: site }), call());
    const seen = await Promise.all(Array.from({ length: 20 }, () => visit(`${name}.example.test`)));
    t.same([...new Set(seen.map((answer) => answer.status))], [200]);
    await driver.removeHost(markOf(name), call());
    const after = await Promise.all(Array.from({ length: 20 }, () => visit(`${name}.example.test`)));
    t.same([...new Set(after.map((answer) => answer.status))], [404]);
  }
});

t.test('200 concurrent changes need few reloads, and an invalid one affects no other host', async (t) => {
  const nginx = await realNginx(t);
  await nginx.start();
  const driver = driverOver(t, nginx);
  const visit = visitor(t, nginx);
  const site = await upstream(t, echo);
  await driver.ensureHost(hostOf('first', { upstream: site }), call());
  await nginx.poison('s137.example.test');
  const before = await nginx.reloads();
  const ends = await Promise.allSettled(
    Array.from({ length: 200 }, (_, i) => driver.ensureHost(hostOf(`s${i}`, { upstream: site }), call())),
  );
  const bad = ends.flatMap((end, i) =>
    end.status === 'rejected' ? [{ i, error: end.reason as unknown }] : [],
  );
  t.match(bad, [{ i: 137, error: { code: 'proxy_failed', detail: /poisoned/ } }]);
  const reloads = (await nginx.reloads()) - before;
  t.ok(reloads <= 3, `${reloads} reloads`);
  t.equal((await visit('s0.example.test')).status, 200);
  t.equal((await visit('s199.example.test')).status, 200);
  t.equal((await visit('s137.example.test')).status, 404);
});

t.test('nothing is lost if nginx is stopped or broken, or if the agent is killed', async (t) => {
  const nginx = await realNginx(t);
  await nginx.start();
  const visit = visitor(t, nginx);
  const site = await upstream(t, echo);
  const driver = driverOver(t, nginx);
  await driver.ensureHost(hostOf('one', { upstream: site }), call());

  await nginx.stop();
  await t.rejects(driver.ensureHost(hostOf('two', { upstream: site }), call()), {
    code: 'proxy_unreachable',
  });
  await nginx.start();
  await driver.ensureHost(hostOf('two', { upstream: site }), call());
  t.equal((await visit('two.example.test')).status, 200);

  const main = join(nginx.root, 'main.conf');
  const good = await readFile(main, 'utf8');
  await writeFile(main, `${good}nonsense;\n`);
  await t.rejects(driver.ensureHost(hostOf('three', { upstream: site }), call()), {
    code: 'proxy_unreachable',
    detail: /nonsense/,
  });
  t.equal((await visit('one.example.test')).status, 200, 'the old configuration goes on being served');
  await writeFile(main, good);
  await driver.ensureHost(hostOf('three', { upstream: site }), call());
  await driver.close();

  // As after kill -9 between saving a record and rendering it.
  const sites = join(nginx.config.dir, 'sites');
  const record = await readFile(join(sites, 'default~one~1.json'), 'utf8');
  await writeFile(join(sites, 'default~late~1.json'), record.replaceAll('"one', '"late'));
  const again = driverOver(t, nginx);
  await again.removeHost(markOf('nobody'), call());
  t.equal((await visit('late.example.test')).status, 200);
  t.equal((await visit('three.example.test')).status, 200);
});

t.test(
  'a name with its own certificate presents it; other names keep the wildcard certificate',
  async (t) => {
    const nginx = await realNginx(t);
    await nginx.start();
    const driver = driverOver(t, nginx);
    const site = await upstream(t, echo);
    await driver.ensureHost(
      hostOf('own', { names: ['own.example.test', 'shop.test'], upstream: site }),
      call(),
    );
    const made = await makeCertificate(['shop.test']);
    const certificate = { id: 'a1', names: ['shop.test'], chain: made.cert, key: new Secret(made.key) };
    await driver.ensureCertificate(certificate, call());
    const visit = visitor(t, nginx);
    t.equal((await visitor(t, { ...nginx, ca: made.ca })('shop.test')).status, 200);
    t.equal((await visit('own.example.test')).status, 200);

    // The operator's key is for root alone, so ours is too, and nginx's workers cannot read it.
    await chmod(nginx.config.certificate_key_file, 0o600);
    const other = await makeCertificate(['shop.test']);
    await t.rejects(
      driver.ensureCertificate({ ...certificate, chain: other.cert, key: new Secret(other.key) }, call()),
      { code: 'proxy_failed', detail: /must be able to read the key files/ },
    );
    t.equal((await visitor(t, { ...nginx, ca: made.ca })('shop.test')).status, 200, 'the former one is back');

    await driver.ensureChallenge('tok_en', 'tok_en.print', call());
    const path = `http://127.0.0.1:${nginx.config.http_port}/.well-known/acme-challenge/tok_en`;
    for (const name of ['shop.test', 'unknown.test']) {
      const answer = await request(path, { headers: { host: name }, reset: true });
      t.equal(answer.statusCode, 200);
      t.equal(await answer.body.text(), 'tok_en.print');
    }
    await driver.removeChallenge('tok_en', call());
    t.equal((await request(path, { headers: { host: 'shop.test' }, reset: true })).statusCode, 404);
    await driver.removeCertificate('a1', call());
    await t.rejects(visitor(t, { ...nginx, ca: made.ca })('shop.test'));
  },
);
