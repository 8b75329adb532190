import t, { type Test } from 'tap';
import { Secret } from '../../../src/kernel/secret.js';
import { type Circuits, newCircuits } from '../../../src/drivers/shared/circuit.js';
import { hostCircuits } from '../../../src/drivers/guest/proxmox/circuits.js';
import { PveError } from '../../../src/drivers/guest/proxmox/pve-error.js';
import { openTransport, type Transport } from '../../../src/drivers/guest/proxmox/transport.js';
import { handClock } from '../../fakes/clock.js';
import { TOKEN_SECRET } from '../../fakes/proxmox-config.js';
import { PveWire } from '../../fakes/pve-wire.js';

const going = (): AbortSignal => new AbortController().signal;
const PERMISSIONS = /access\/permissions$/;
const HELD = { data: { '/vms': { 'VM.Audit': 1 }, '/pool/innkeeper': { 'VM.Snapshot': 1 } } };

interface Setting {
  readonly wire: PveWire;
  readonly transport: Transport;
  readonly circuits: Circuits;
  readonly clock: ReturnType<typeof handClock>;
}

async function setting(t: Test): Promise<Setting> {
  const wire = await PveWire.start();
  t.teardown(() => wire.close());
  const clock = handClock();
  const circuits = newCircuits(clock, { failures: 3, pauseMs: 5_000 });
  const transport = openTransport({
    urls: [wire.url],
    tokenId: 'innkeeper@pve!agent',
    tokenSecret: new Secret(TOKEN_SECRET),
    trust: { caFile: null, fingerprint: wire.certificate.fingerprint },
    requestTimeoutMs: 5_000,
    gates: hostCircuits(circuits),
  });
  t.teardown(() => transport.close());
  return { wire, transport, circuits, clock };
}

const get = ({ transport }: Setting, path = '/api2/json/cluster/resources'): Promise<unknown> =>
  transport.request('GET', path, {}, going());

async function failed(work: Promise<unknown>): Promise<PveError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PveError) return error;
  throw new Error(`no PveError but ${String(error)}`);
}

const refusalOf = ({ circuits }: Setting): string | null | undefined =>
  circuits.find('container-host')?.view().refusal;

t.test('whatever refuses the agent itself opens the circuit at once', async (t) => {
  const answers = [
    [{ status: 401, reason: 'Authentication failed!', raw: '' }, /^401 Authentication failed!$/],
    [{ status: 302, reason: 'Found', raw: '' }, /^302 Found$/],
    [
      { raw: '<!DOCTYPE html><title>Log in</title>', contentType: 'text/html' },
      /^200 a web page .*"Log in"$/,
    ],
    [
      { status: 403, raw: '<html><title>Forbidden</title>', contentType: 'text/html' },
      /^403 a web page .*"Forbidden"$/,
    ],
  ] as const;
  for (const [answer, words] of answers) {
    const at = await setting(t);
    at.wire.answer('GET', /resources/, answer);
    t.match(await failed(get(at)), { kind: 'refused', isWhole: true }, `${words}`);
    t.match(refusalOf(at), words, 'with its own words');
    const sent = at.wire.requests.length;
    t.match(await failed(get(at)), { kind: 'refused', isWhole: true, reason: /does not call it again/ });
    t.equal(at.wire.requests.length, sent, 'and nobody is sent there before the next probe');
  }
});

t.test("a gateway's page says nothing of us, nor does a page in answer to a change", async (t) => {
  const at = await setting(t);
  at.wire.answer(
    'GET',
    /resources/,
    { status: 502, raw: '<html>Bad Gateway</html>', contentType: 'text/html' },
    2,
  );
  t.match(await failed(get(at)), { kind: 'unknown' });
  t.equal(refusalOf(at), null);
  at.wire.answer('POST', /clone/, { raw: '<html>Log in</html>', contentType: 'text/html' });
  const change = at.transport.request('POST', '/api2/json/nodes/pve1/lxc/900/clone', {}, going());
  t.match(await failed(change), { kind: 'unknown', isWhole: false }, 'it may have been passed on');
  t.match(refusalOf(at), /^200 a web page/, 'but the next call need not try');
});

t.test('a denied privilege is its own matter, unless the token holds nothing any more', async (t) => {
  const at = await setting(t);
  const denied = { status: 403, reason: 'Permission check failed (/vms/1001, VM.Snapshot)' };
  at.wire.answer('GET', /config$/, denied, 3);
  at.wire.answer('GET', PERMISSIONS, HELD);
  for (let n = 0; n < 3; n += 1)
    t.match(await failed(get(at, '/api2/json/nodes/pve1/lxc/1001/config')), {
      kind: 'refused',
      isWhole: false,
    });
  t.equal(at.wire.sent('GET', PERMISSIONS).length, 1, 'it is not asked each time');
  t.equal(refusalOf(at), null);

  const bare = await setting(t);
  bare.wire.answer('GET', /config$/, denied);
  bare.wire.answer('GET', PERMISSIONS, { data: {} });
  const error = await failed(get(bare, '/api2/json/nodes/pve1/lxc/1001/config'));
  t.match(error, { kind: 'refused', isWhole: true, reason: /holds no privilege at all/ });
  t.match(refusalOf(bare), /holds no privilege at all/);
});

t.test(
  'after a refusal the token is asked about first: emptiness with 200 does not close the circuit',
  async (t) => {
    const at = await setting(t);
    at.wire.answer('GET', /resources/, { status: 401, reason: 'Authentication failed!', raw: '' });
    await failed(get(at));
    await at.clock.turn(5_000);
    at.wire.answer('GET', PERMISSIONS, { data: { '/storage/local': { 'Datastore.Audit': 1 } } });
    t.match(await failed(get(at)), {
      kind: 'refused',
      isWhole: true,
      reason: /VM\.Audit is missing everywhere/,
    });
    t.equal(at.circuits.find('container-host')?.view().state, 'open');
    await at.clock.turn(10_000);
    at.wire.answer('GET', PERMISSIONS, HELD);
    await get(at);
    t.match(at.circuits.find('container-host')?.view(), { state: 'closed', refusal: null });
  },
);
