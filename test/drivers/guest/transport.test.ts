import { writeFileSync } from 'node:fs';
import { createServer as createPlainServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { Secret } from '../../../src/kernel/secret.js';
import { PveError, type PveErrorKind } from '../../../src/drivers/guest/proxmox/pve-error.js';
import { parseFingerprint, type Trust } from '../../../src/drivers/guest/proxmox/tls.js';
import { encodeParams, openTransport, type Transport } from '../../../src/drivers/guest/proxmox/transport.js';
import { TOKEN_SECRET } from '../../fakes/proxmox-config.js';
import { PveWire } from '../../fakes/pve-wire.js';
import { selfSigned } from '../../fakes/tls-files.js';
import { testFolder } from '../../test-folder.js';

const going = () => new AbortController().signal;

async function wireFor(t: Test, ...certificate: Parameters<typeof PveWire.start>): Promise<PveWire> {
  const wire = await PveWire.start(...certificate);
  t.teardown(() => wire.close());
  return wire;
}

function transportTo(t: Test, urls: string[], trust: Partial<Trust>, requestTimeoutMs = 5_000): Transport {
  const transport = openTransport({
    urls,
    tokenId: 'innkeeper@pve!agent',
    tokenSecret: new Secret(TOKEN_SECRET),
    trust: { caFile: null, fingerprint: null, ...trust },
    requestTimeoutMs,
  });
  t.teardown(() => transport.close());
  return transport;
}

async function refusedWith(
  t: Test,
  kind: PveErrorKind,
  work: Promise<unknown>,
  message: string,
): Promise<PveError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof PveError)) throw new Error(`${message}: no PveError but ${String(error)}`);
  t.equal(error.kind, kind, message);
  return error;
}

/** A port nobody listens on. */
async function deadUrl(): Promise<string> {
  const server = createPlainServer();
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `https://localhost:${port}`;
}

t.test('the certificate is judged before anything is sent', async (t) => {
  const wire = await wireFor(t);
  const other = await selfSigned();
  const get = (trust: Partial<Trust>) =>
    transportTo(t, [wire.url], trust).request('GET', '/api2/json/version', {}, going());

  const wrong = await refusedWith(t, 'refused', get({ fingerprint: other.fingerprint }), 'a wrong pin');
  t.match(wrong.reason, /fingerprint is .* not the pinned one/);
  await refusedWith(t, 'refused', get({}), 'a self-signed certificate and no pin');
  const caFile = `${testFolder(t)}/ca.pem`;
  writeFileSync(caFile, other.cert);
  await refusedWith(t, 'refused', get({ caFile }), 'another CA');
  t.equal(wire.requests.length, 0, 'nothing was sent, no token either');

  t.match(await get({ fingerprint: wire.certificate.fingerprint }), { version: '9.1.9' });
  const plain = wire.certificate.fingerprint.replaceAll(':', '').toLowerCase();
  t.match(await get({ fingerprint: plain }), { version: '9.1.9' }, 'colons and case do not matter');
  writeFileSync(caFile, wire.certificate.cert);
  t.match(await get({ caFile }), { version: '9.1.9' }, 'its own CA');
  t.match(await get({ caFile, fingerprint: plain }), { version: '9.1.9' });
  for (const apart of [' ', ', ', '\n'])
    t.match(
      await get({ fingerprint: `${other.fingerprint}${apart}${plain}` }),
      { version: '9.1.9' },
      'one of several',
    );
  const third = await selfSigned();
  const none = await refusedWith(
    t,
    'refused',
    get({ fingerprint: `${other.fingerprint} ${third.fingerprint}` }),
    'none of two',
  );
  t.match(none.reason, /not a pinned one/);
  t.throws(
    () => transportTo(t, [wire.url], { fingerprint: `${plain} 12:34` }),
    RangeError,
    'one of them broken',
  );
  t.throws(() => parseFingerprint('12:34'), RangeError);
  t.throws(() => transportTo(t, ['http://localhost:8006'], {}), RangeError, 'a token is never sent in clear');
});

t.test('a certificate for another name is refused without a pin', async (t) => {
  const certificate = await selfSigned('pve1.example.test');
  const wire = await wireFor(t, certificate);
  const caFile = `${testFolder(t)}/ca.pem`;
  writeFileSync(caFile, certificate.cert);
  const byName = transportTo(t, [wire.url], { caFile }).request('GET', '/api2/json/version', {}, going());
  await refusedWith(t, 'refused', byName, 'wrong name');
  const pinned = transportTo(t, [wire.url], { fingerprint: certificate.fingerprint });
  t.ok(await pinned.request('GET', '/api2/json/version', {}, going()));
});

t.test('what goes onto the wire', async (t) => {
  const wire = await wireFor(t);
  const transport = transportTo(t, [wire.url], { fingerprint: wire.certificate.fingerprint });
  const odd = 'a=b;c d&e+f%g/ä\n';
  wire.answer('POST', /./, { data: null });
  wire.answer('PUT', /./, { data: null });
  wire.answer('DELETE', /./, { data: null });
  wire.answer('GET', /./, { data: null });
  wire.answer('POST', /./, { data: null });
  await transport.request(
    'POST',
    '/api2/json/x',
    { odd, yes: true, no: false, n: 7, absent: undefined },
    going(),
  );
  await transport.request('PUT', '/api2/json/x', { odd }, going());
  await transport.request('DELETE', '/api2/json/x', { purge: true, odd }, going());
  await transport.request('GET', '/api2/json/x', { odd }, going());
  await transport.request('POST', '/api2/json/x', {}, going());
  const [post, put, del, get, empty] = wire.requests;
  t.same(post?.params, { odd, yes: '1', no: '0', n: '7' });
  t.notMatch(post?.rawBody, /[;+ ]|=.*=b/, 'all percent-encoded');
  t.match(post?.headers, {
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': /\d+/,
    authorization: `PVEAPIToken=innkeeper@pve!agent=${TOKEN_SECRET}`,
  });
  t.same(put?.params, { odd });
  t.same(del?.params, { purge: '1', odd });
  t.equal(del?.rawBody, '');
  t.same(get?.params, { odd });
  t.equal(empty?.headers['content-length'], '0');
  for (const request of wire.requests)
    t.equal(request.headers['transfer-encoding'], undefined, 'never chunked');
  t.equal(encodeParams({ a: '', b: null }), 'a=');
});

t.test('only what cannot have arrived is sent again, reads excepted', async (t) => {
  const wire = await wireFor(t);
  const dead = await deadUrl();
  const trust = { fingerprint: wire.certificate.fingerprint };
  const transport = transportTo(t, [dead, wire.url], trust);
  wire.answer('POST', /./, { data: 'done' });
  t.equal(
    await transport.request('POST', '/api2/json/x', {}, going()),
    'done',
    'the next URL when one is dead',
  );
  const none = await refusedWith(
    t,
    'unreachable',
    transportTo(t, [dead, await deadUrl()], trust).request('POST', '/api2/json/x', {}, going()),
    'all dead',
  );
  t.match(none.reason, /ECONNREFUSED.*; .*ECONNREFUSED/);
  const other = await wireFor(t);
  const mixed = transportTo(t, [dead, other.url], trust).request('GET', '/api2/json/version', {}, going());
  await refusedWith(t, 'unreachable', mixed, 'one dead, one untrusted: it may pass');

  for (const method of ['POST', 'PUT', 'DELETE'] as const) {
    const before = wire.requests.length;
    for (const answer of [
      { drop: true },
      { truncate: true },
      { raw: '<html>', contentType: 'text/html' },
      { status: 596 },
      { status: 504, raw: 'x' },
    ]) {
      wire.answer(method, /./, answer);
      await refusedWith(
        t,
        'unknown',
        transport.request(method, '/api2/json/x', {}, going()),
        `${method} ${JSON.stringify(answer)}`,
      );
    }
    t.equal(wire.requests.length - before, 5, `${method} is never replayed`);
  }
  const before = wire.requests.length;
  for (const answer of [
    { drop: true },
    { truncate: true },
    { raw: '{"da', contentType: 'application/json' },
  ]) {
    wire.answer('GET', /./, answer);
    t.match(await transport.request('GET', '/api2/json/version', {}, going()), { version: '9.1.9' });
  }
  t.equal(wire.requests.length - before, 6, 'each GET was sent twice');
  wire.answer('GET', /./, { drop: true }, 2);
  await refusedWith(
    t,
    'unknown',
    transport.request('GET', '/api2/json/version', {}, going()),
    'but not three times',
  );
});

t.test('deadlines and aborts', async (t) => {
  const wire = await wireFor(t);
  const trust = { fingerprint: wire.certificate.fingerprint };
  wire.answer('POST', /./, { hang: true });
  const impatient = transportTo(t, [wire.url], trust, 60);
  const late = await refusedWith(
    t,
    'unknown',
    impatient.request('POST', '/api2/json/x', {}, going()),
    'no answer',
  );
  t.equal(late.reason, 'no answer in time');

  const transport = transportTo(t, [wire.url], trust, 60_000);
  const stopped = AbortSignal.abort(new Error('stop'));
  const sent = wire.requests.length;
  await refusedWith(
    t,
    'aborted',
    transport.request('POST', '/api2/json/x', {}, stopped),
    'before it was sent',
  );
  t.equal(wire.requests.length, sent);

  const stop = new AbortController();
  wire.answer('GET', /./, { hang: true }, 4);
  const reads = Array.from({ length: 4 }, () => transport.request('GET', '/api2/json/x', {}, stop.signal));
  const queued = transport.request('POST', '/api2/json/x', {}, stop.signal);
  while (wire.requests.length < sent + 4) await new Promise((resolve) => setTimeout(resolve, 5));
  stop.abort(new Error('stop'));
  for (const work of [...reads, queued]) await refusedWith(t, 'aborted', work, 'ends at once');
  t.equal(
    wire.requests.length,
    sent + 4,
    'what waited for its turn was not sent; four are in flight at most',
  );

  const end = new AbortController();
  wire.answer('POST', /./, { data: 'UPID' });
  const change = transport.request('POST', '/api2/json/x', {}, end.signal);
  setImmediate(() => end.abort(new Error('stop')));
  t.equal(
    await change.catch((error: unknown) => (error instanceof PveError ? error.kind : error)),
    'UPID',
    'a change that is under way is heard out',
  );
});

t.test('the secret stays out of errors', async (t) => {
  const wire = await wireFor(t);
  const transport = transportTo(t, [wire.url], { fingerprint: wire.certificate.fingerprint });
  wire.answer('GET', /./, { status: 401, reason: 'invalid token value!', raw: '' });
  const error = await refusedWith(t, 'refused', transport.request('GET', '/api2/json/x', {}, going()), '401');
  t.notMatch(`${error.stack ?? ''}${JSON.stringify(error)}`, TOKEN_SECRET);
});
