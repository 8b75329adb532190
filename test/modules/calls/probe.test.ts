/** Probes of systems on loopback. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import t from 'tap';
import { selfSigned } from '../../fakes/tls-files.js';
import { moduleCalls } from './harness.js';

t.test('a port is open, closed, or silent', async (t) => {
  const server = createServer((socket) => socket.resume()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  const { call } = await moduleCalls(t);
  t.match(await call('probe.tcp', { host: '127.0.0.1', port }), { open: true, ms: Number, problem: null });
  t.match(await call('probe.tcp', { host: '127.0.0.1', port: 1 }), {
    open: false,
    ms: null,
    problem: /ECONNREFUSED/,
  });
  t.match(await call('probe.tcp', { host: 'no-such-host.invalid', port }), { open: false, problem: /./ });
  for (const host of ['127.0.0.1', 'localhost'])
    t.match(await call('probe.tcp', { host, port, publicOnly: true }), {
      open: false,
      problem: /public address/,
    });
});

t.test('a certificate is read, also one that is not trusted', async (t) => {
  const certificate = await selfSigned();
  const server = createTlsServer(certificate, (socket) => socket.on('error', () => undefined)).listen(
    0,
    '127.0.0.1',
  );
  await once(server, 'listening');
  t.teardown(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  const { call } = await moduleCalls(t);
  const untrusted = await call('probe.tls', { host: '127.0.0.1', port });
  t.match(untrusted, { connected: true, trusted: false, problem: /SELF_SIGNED/ });
  t.match(untrusted.certificate, {
    ...{ subject: 'localhost', issuer: 'localhost', names: ['localhost', '127.0.0.1'] },
    fingerprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
  });
  const ends = Date.parse(untrusted.certificate?.validTo ?? '');
  t.ok(ends > Date.now(), 'an instant');
  const trusted = { host: '127.0.0.1', port, serverName: 'localhost', ca: certificate.cert };
  t.match(await call('probe.tls', trusted), { connected: true, trusted: true, problem: null });
  t.match(await call('probe.tls', { ...trusted, serverName: 'other.example' }), {
    connected: true,
    trusted: false,
  });
  t.match(await call('probe.tls', { host: '127.0.0.1', port: 1 }), {
    connected: false,
    certificate: null,
    problem: /./,
  });
  t.match(await call('probe.tls', { host: '127.0.0.1', port, publicOnly: true }), {
    connected: false,
    problem: /not a public address/,
  });
});

t.test('a ping answers with a result, whether or not the program is there', async (t) => {
  const { call } = await moduleCalls(t);
  const { alive, ms, problem } = await call('probe.ping', { host: '127.0.0.1' });
  t.equal(alive, problem === null);
  if (!alive) t.equal(ms, null);
  t.match(await call('probe.ping', { host: '127.0.0.1', publicOnly: true }), {
    alive: false,
    problem: /public/,
  });
});

t.test('hosts that are options or have other signs are refused; a stop ends a probe', async (t) => {
  const { raw, as } = await moduleCalls(t);
  for (const host of ['', '-f\u0000', 'a b', '$(id)', 'a;b', 'x'.repeat(300)])
    await t.rejects(
      raw('probe.ping', { host }),
      { code: 'module_failed' },
      JSON.stringify(host).slice(0, 20),
    );
  await t.rejects(raw('probe.dns', { name: 'a.example', type: 'ANY' }), { code: 'module_failed' });
  const signal = AbortSignal.abort(new Error('the agent is stopping'));
  await t.rejects(as({ signal }).call('probe.tcp', { host: '127.0.0.1', port: 1 }), { code: 'aborted' });
});
