import t from 'tap';
import { AgentError } from '../../../src/kernel/errors.js';
import { type CircuitView, openCircuit, newCircuits, through } from '../../../src/drivers/shared/circuit.js';
import { hostCircuits, type WireEnd } from '../../../src/drivers/guest/proxmox/circuits.js';
import { instrument } from '../../../src/drivers/shared/instrument.js';
import { handClock } from '../../fakes/clock.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const LIMITS = { failures: 3, pauseMs: 5_000 };

t.test('a circuit opens after failures in a row and lets one probe through after a pause', async (t) => {
  const clock = handClock();
  const all = newCircuits(clock, LIMITS);
  const told: CircuitView[] = [];
  all.onChange((view) => told.push(view));
  const dns = all.of('dns', 'DNS');
  dns.enter()?.silent();
  dns.enter()?.silent();
  dns.enter()?.answered();
  dns.enter()?.silent();
  dns.enter()?.silent();
  t.match(dns.view(), { state: 'closed', failures: 2 }, 'an answer in between starts the count anew');
  dns.enter()?.silent();
  t.match(dns.view(), {
    name: 'dns',
    role: 'DNS',
    state: 'open',
    failures: 3,
    since: '2026-01-01T00:00:00.000Z',
  });
  t.equal(dns.enter(), undefined, 'refused at once');
  await clock.turn(5_000);
  t.match(dns.view(), { state: 'half_open', since: '2026-01-01T00:00:05.000Z' });
  t.equal(dns.admits(), 'probe');
  const probe = dns.enter();
  t.ok(probe);
  t.equal(dns.enter(), undefined, 'one probe only');
  probe?.silent();
  probe?.answered();
  t.match(dns.view(), { state: 'open', failures: 4 }, 'the first word counts');
  await clock.turn(9_999);
  t.equal(dns.admits(), 'none', 'the pause has doubled');
  await clock.turn(1);
  dns.enter()?.left();
  t.equal(dns.admits(), 'probe', 'a probe that learned nothing gives its place back');
  dns.enter()?.answered();
  t.match(dns.view(), { state: 'closed', failures: 0 });
  t.same(
    told.map(({ state }) => state),
    ['open', 'open', 'half_open', 'closed'],
  );
  t.equal(all.list().length, 1);
});

t.test('the pause doubles with every probe that fails, up to a minute', async (t) => {
  const clock = handClock();
  const dns = newCircuits(clock, LIMITS).of('dns', 'DNS');
  for (let n = 0; n < LIMITS.failures; n += 1) dns.enter()?.silent();
  for (const pauseMs of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
    await clock.turn(pauseMs - 1);
    t.equal(dns.admits(), 'none', `not before ${pauseMs} ms`);
    await clock.turn(1);
    t.equal(dns.admits(), 'probe', `after ${pauseMs} ms`);
    dns.enter()?.silent();
  }
});

t.test('our own lack of descriptors is not held against the system that could not be asked', async (t) => {
  const dns = newCircuits(handClock(), LIMITS).of('dns', 'DNS');
  const lack = Object.assign(new Error('connect EMFILE 192.0.2.1:443'), { code: 'EMFILE' });
  const wrapped = new AgentError('dns_unreachable', 'The DNS server does not answer.', {
    cause: new Error('fetch failed', { cause: new AggregateError([new Error('other'), lack]) }),
  });
  const refusal = () => new Error('refused');
  for (let n = 0; n < 5; n += 1) {
    const work = async () => {
      throw wrapped;
    };
    await t.rejects(
      through(dns, work, () => 'silent', refusal),
      wrapped,
    );
  }
  t.match(dns.view(), { state: 'closed', failures: 0 });
  const driver = instrument(
    'dns',
    { ask: async () => Promise.reject(wrapped) },
    { heard: ({ result }) => heard.push(result), log: quiet },
  );
  const heard: string[] = [];
  await t.rejects(driver.ask(), {
    code: 'descriptors_exhausted',
    status: 503,
    failure: 'unreachable',
    system: undefined,
  });
  t.same(heard, ['descriptors_exhausted']);
});

t.test(
  'what was let through before it opened neither closes nor prolongs the pause by failing',
  async (t) => {
    const clock = handClock();
    const proxy = newCircuits(clock, LIMITS).of('proxy', 'reverse proxy');
    const passes = Array.from({ length: 6 }, () => proxy.enter());
    for (const pass of passes.slice(0, 5)) pass?.silent();
    t.equal(proxy.retryAt(), clock.now() + 5_000);
    passes[5]?.answered();
    t.equal(proxy.view().state, 'closed', 'but an answer is an answer');
  },
);

t.test('the container host as a whole and its nodes fail apart', async (t) => {
  const all = newCircuits(handClock(), LIMITS);
  const gate = hostCircuits(all);
  const state = (name: string): string | undefined => all.find(name)?.view().state;
  const ends = (path: string, end: WireEnd): void => gate.enter(path, 'a test')(end);
  for (let n = 0; n < 3; n += 1) ends('/api2/json/nodes/pve2/lxc/101/config', 595);
  t.equal(state('container-host:pve2'), 'open');
  t.equal(state('container-host'), 'closed', 'the API answered');
  t.throws(() => gate.enter('/api2/json/nodes/pve2/lxc', 'a test'), /does not call it again/);
  ends('/api2/json/nodes/pve1/lxc', 500);
  t.equal(state('container-host:pve1'), 'closed', "PVE's own error is an answer");
  for (let n = 0; n < 3; n += 1) ends('/api2/json/cluster/resources', 'left');
  t.equal(state('container-host'), 'closed', 'a caller who stops says nothing');
  for (const end of ['not connected', 503, 'no answer'] as const) ends('/api2/json/cluster/resources', end);
  t.equal(state('container-host'), 'open');
  t.throws(() => gate.enter('/api2/json/nodes/pve1/lxc', 'a test'), /does not call it again/);
});

t.test(
  'a refusal of the agent itself opens a circuit at once, and its words are kept until it takes us',
  async (t) => {
    const clock = handClock();
    const dns = newCircuits(clock, LIMITS).of('dns', 'DNS');
    dns.enter()?.refused('401: Unauthorized\u001b[31m\n');
    t.match(dns.view(), { state: 'open', failures: 1, refusal: '401: Unauthorized' }, 'cleaned');
    t.match(openCircuit(dns), { failure: 'refused_us', detail: /refuses the agent .*: 401: Unauthorized/ });
    await clock.turn(5_000);
    dns.enter()?.silent();
    t.match(dns.view(), { state: 'open', refusal: null }, 'now it does not answer at all');
    t.match(openCircuit(dns), { failure: 'unreachable' });
    await clock.turn(10_000);
    dns.enter()?.refused('403');
    t.equal(dns.view().refusal, '403');
    await clock.turn(20_000);
    dns.enter()?.answered();
    t.match(dns.view(), { state: 'closed', refusal: null });
  },
);
