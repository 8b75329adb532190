import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { certificateManager } from '../../src/certificates/certificate-manager.js';
import { domainId } from '../../src/model/custom-domain.js';
import { AgentError } from '../../src/kernel/errors.js';
import { Secret } from '../../src/kernel/secret.js';
import { type CustomDomain, domainsOf } from '../../src/model/site.js';
import type { Service } from '../../src/model/service.js';
import type { CertificateIssuer } from '../../src/drivers/issuer/contract.js';
import type { NameLookup } from '../../src/drivers/lookup/contract.js';
import type { ProxyDriver, ProxyHost } from '../../src/drivers/proxy/contract.js';
import { openState } from '../../src/state/open.js';
import { handClock } from '../fakes/clock.js';
import { fakeDrivers } from '../fakes/drivers.js';
import { aService } from '../fakes/samples.js';
import { testConfig } from '../fakes/config.js';
import { changed, type Changes } from '../fakes/parts.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LIFETIME = 90 * DAY;
const ID = domainId('example.com');

const entry = (also: Partial<CustomDomain> = {}): CustomDomain => ({
  domain: 'example.com',
  www: true,
  provenBy: 'routing',
  certificate: { state: 'none', expiresAt: null, problem: null },
  addedAt: '2026-01-01T00:00:00.000Z',
  ...also,
});

type Around = Awaited<ReturnType<typeof world>>['around'];

/** A keeper over a real state; the world around it is a handful of variables. */
async function world(t: Test) {
  const clock = handClock();
  const dir = await mkdtemp(join(tmpdir(), 'innkeeper-keeper-'));
  const state = await openState({ dir, key: randomBytes(32), clock });
  const addresses = new Map([
    ['example.com', ['203.0.113.10']],
    ['www.example.com', ['203.0.113.10']],
  ]);
  const around = {
    addresses,
    caa: [] as { critical: boolean; tag: string; value: string }[],
    /** Names whose CAA records are these; else they are those of all. */
    caaOf: new Map<string, { critical: boolean; tag: string; value: string }[]>(),
    /** Names whose servers do not answer. */
    dead: new Set<string>(),
    /** Names that the authority does not issue for. */
    refused: new Set<string>(),
    routed: true,
    shown: new Map<string, readonly string[]>(),
    /** Of what was shown, in its order. */
    chains: [] as string[],
    orders: [] as (readonly string[])[],
    refusal: undefined as AgentError | undefined,
    /** What an order waits for. */
    hold: Promise.resolve(),
    proxyFailure: undefined as AgentError | undefined,
    proxyHangs: false,
    warnings: [] as string[],
  };
  const lookup: NameLookup = {
    ...fakeDrivers().lookup,
    async addresses(name) {
      if (around.dead.has(name)) throw new AgentError('lookup_failed', 'The name servers do not answer.');
      return { addresses: addresses.get(name) ?? [], aliases: [] };
    },
    async authorities(name) {
      const own = around.caaOf.get(name);
      if (own) return { at: name, records: own };
      return around.caa.length > 0 ? { at: 'example.com', records: around.caa } : undefined;
    },
  };
  const proxy: ProxyDriver = {
    ...fakeDrivers().proxy,
    find: async (mark): Promise<ProxyHost | undefined> =>
      around.routed
        ? {
            mark,
            names: [...addresses.keys()],
            upstream: { address: '10.0.0.1', port: 80 },
            state: 'enabled',
          }
        : undefined,
    async ensureCertificate({ id, names, chain }, { signal }) {
      if (around.proxyHangs) await once(signal, 'abort').then(() => signal.throwIfAborted());
      if (around.proxyFailure) throw around.proxyFailure;
      around.shown.set(id, names);
      around.chains.push(chain);
    },
    removeCertificate: async (id) => void around.shown.delete(id),
    listCertificates: async () => [...around.shown.keys()],
  };
  const issuer: CertificateIssuer = {
    kind: 'acme',
    caaIdentities: ['ca.test'],
    async issue(names) {
      around.orders.push(names);
      await around.hold;
      if (around.refusal) throw around.refusal;
      const refused = names.filter((name) => around.refused.has(name));
      if (refused.length > 0)
        throw new AgentError('certificate_refused', 'The certificate authority refused: no.', {
          fields: Object.fromEntries(refused.map((name) => [name, `No certificate for ${name}.`])),
        });
      const at = clock.now();
      return {
        chain: `chain ${around.orders.length}`,
        key: new Secret('key'),
        issuedAt: new Date(at).toISOString(),
        expiresAt: new Date(at + LIFETIME).toISOString(),
      };
    },
    close: async () => {},
  };
  const log = {
    debug: () => {},
    info: () => {},
    warn: (_: object, text: string) => void around.warnings.push(text),
    error: (fields: object, text: string) => void around.warnings.push(`${text} ${JSON.stringify(fields)}`),
  };
  const make = () =>
    certificateManager({
      config: testConfig(),
      services: state.services,
      domains: state.domains,
      drivers: { lookup, proxy, issuer },
      clock,
      log,
    });
  let keeper = make();
  keeper.start();
  t.teardown(async () => {
    await keeper.stop();
    await state.close();
    await rm(dir, { recursive: true });
  });
  const change = (also: Changes): Promise<Service> =>
    state.services.commit('default/12', (current) =>
      changed(current ?? aService({ lifecycle: 'active' }), also),
    );
  /** Lets the keeper work until the condition holds; time stands still. */
  const until = async (right: () => boolean | Promise<boolean>): Promise<void> => {
    for (let n = 0; !(await right()); n += 1) {
      if (n > 2000) throw new Error(`it does not come about: ${JSON.stringify(state.domains.list())}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const certificate = async () => domainsOf(await state.services.get('default/12'))[0]?.certificate;
  const rest = async (ms: number): Promise<void> => {
    await until(() => clock.sleepers > 0);
    await clock.turn(ms);
  };
  return {
    ...{ clock, state, around, change, until, certificate, rest },
    stop: (): Promise<void> => keeper.stop(),
    ended: (): Promise<void> => keeper.ended(),
    restart: () => {
      keeper = make();
      keeper.start();
    },
  };
}

t.test(
  'a domain that leads here gets a certificate for both of its names; it is renewed at two thirds',
  async (t) => {
    const { around, change, until, certificate, rest, state, clock } = await world(t);
    await change({ domains: [entry()] });
    await until(async () => (await certificate())?.state === 'issued');
    t.same(around.orders, [['example.com', 'www.example.com']]);
    t.same([...around.shown], [[ID, ['example.com', 'www.example.com']]]);
    t.match(await certificate(), {
      expiresAt: new Date(clock.now() + LIFETIME).toISOString(),
      problem: null,
    });
    await rest((LIFETIME * 2) / 3 - HOUR);
    t.equal(around.orders.length, 1);
    await rest(2 * HOUR);
    await until(() => around.orders.length === 2);
    await until(() => state.domains.find(ID)?.certificate?.chain === 'chain 2');
  },
);

t.test('a stop is over only when an order that had begun is, and nothing is touched after it', async (t) => {
  const { around, change, until, stop, ended, state } = await world(t);
  let release = (): void => {};
  around.hold = new Promise((resolve) => (release = resolve));
  await change({ domains: [entry()] });
  await until(() => around.orders.length === 1);
  const stopping = stop();
  let over = false;
  const end = ended().then(() => (over = true));
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.equal(over, false);
  release();
  await Promise.all([stopping, end]);
  t.match(state.domains.find(ID)?.certificate, { chain: 'chain 1' }, 'what the authority gave is kept');
  await state.close();
  await new Promise((resolve) => setTimeout(resolve, 20));
  t.same(around.warnings, []);
});

t.test('nothing is ordered before DNS leads here; the customer is told what is missing', async (t) => {
  const { around, change, until, certificate, rest } = await world(t);
  around.addresses.set('example.com', ['198.51.100.9']).set('www.example.com', []);
  await change({ domains: [entry()] });
  await until(async () => (await certificate())?.problem !== null);
  t.same(await certificate(), {
    state: 'pending',
    expiresAt: null,
    problem: 'example.com points to 198.51.100.9; it must point to 203.0.113.10.',
  });
  t.same(around.orders, []);
  around.addresses.set('example.com', ['203.0.113.10']);
  await rest(2 * 60_000);
  await until(async () => (await certificate())?.state === 'issued');
  t.same(around.orders, [['example.com']], 'for the name that leads here');
  await rest(DAY + HOUR);
  await rest(DAY + HOUR);
  t.equal(around.orders.length, 1, 'and not again and again for the other one');
  around.addresses.set('www.example.com', ['203.0.113.10']);
  await rest(DAY + HOUR);
  await until(() => around.orders.length === 2);
  t.same(around.orders[1], ['example.com', 'www.example.com']);
});

const BOTH = ['example.com', 'www.example.com'];

t.test(
  'a name that cannot be judged, or has another authority, does not keep the other from its certificate',
  async (t) => {
    for (const [why, spoil, fix, words] of [
      [
        'an alias into a dead zone',
        (around: Around) => void around.dead.add('www.example.com'),
        (around: Around) => around.dead.clear(),
        'www.example.com is not in the certificate: The name servers do not answer.',
      ],
      [
        'CAA records of its own',
        (around: Around) =>
          void around.caaOf.set('www.example.com', [{ critical: false, tag: 'issue', value: 'other.test' }]),
        (around: Around) => around.caaOf.clear(),
        'www.example.com is not in the certificate: The CAA records of www.example.com must allow ca.test to issue certificates; found 0 issue "other.test".',
      ],
    ] as const)
      await t.test(why, async (t) => {
        const { around, change, until, certificate, rest, state } = await world(t);
        spoil(around);
        await change({ domains: [entry()] });
        await until(async () => (await certificate())?.state === 'issued');
        t.same(around.orders, [['example.com']]);
        await until(async () => (await certificate())?.problem !== null);
        t.match(await certificate(), { state: 'issued', problem: words, names: ['example.com'] });
        t.match(state.domains.find(ID), { problem: words });
        await rest(HOUR + 60_000);
        t.equal(around.orders.length, 1, 'nothing is ordered while it lasts');
        fix(around);
        await rest(HOUR + 60_000);
        await until(() => around.orders.length === 2);
        t.same(around.orders[1], BOTH, 'it comes back by itself');
        await until(async () => (await certificate())?.problem === null);
        t.match(await certificate(), { state: 'issued', names: BOTH });
      });
  },
);

t.test(
  'a renewal waits a day for a name that cannot be looked up, and then goes on without it',
  async (t) => {
    const { around, change, until, certificate, rest } = await world(t);
    await change({ domains: [entry()] });
    await until(async () => (await certificate())?.state === 'issued');
    around.dead.add('www.example.com');
    await rest((LIFETIME * 2) / 3 + HOUR);
    await until(async () => (await certificate())?.problem !== null);
    t.match(await certificate(), { state: 'issued', names: BOTH, problem: /^www\.example\.com is not/ });
    t.equal(around.orders.length, 1);
    for (let hours = 0; hours < 30; hours += 1) await rest(HOUR + 1000);
    await until(() => around.orders.length === 2);
    t.same(around.orders[1], ['example.com']);
    around.dead.clear();
    await rest(2 * HOUR);
    await until(() => around.orders.length === 3);
    t.same(around.orders[2], BOTH);
  },
);

t.test('a renewal leaves out at once what must not have a certificate any more', async (t) => {
  const { around, change, until, certificate, rest } = await world(t);
  await change({ domains: [entry()] });
  await until(async () => (await certificate())?.state === 'issued');
  around.caaOf.set('www.example.com', [{ critical: false, tag: 'issue', value: 'other.test' }]);
  await rest((LIFETIME * 2) / 3 + HOUR);
  await until(() => around.orders.length === 2);
  t.same(around.orders[1], ['example.com']);
});

t.test('a name that the authority refuses is left out, told, and asked for again only rarely', async (t) => {
  const { around, change, until, certificate, rest, state } = await world(t);
  around.refused.add('www.example.com');
  await change({ domains: [entry()] });
  await until(async () => (await certificate())?.state === 'issued');
  t.same(around.orders, [BOTH, ['example.com']]);
  await until(async () => (await certificate())?.problem !== null);
  t.match(await certificate(), {
    names: ['example.com'],
    problem: 'www.example.com is not in the certificate: No certificate for www.example.com.',
  });
  t.equal(state.domains.find(ID)?.refusals.length, 1, 'it counts for the limits');
  await rest(3 * HOUR);
  t.equal(around.orders.length, 2);
  await rest(DAY);
  await until(() => around.orders.length === 3);
  await until(() => state.domains.find(ID)?.refusals.length === 1);
  await rest(HOUR);
  t.equal(around.orders.length, 3, 'the certificate that stands is not ordered again');
  around.refused.clear();
  await rest(DAY);
  await until(async () => (await certificate())?.names?.length === 2);
  t.match(await certificate(), { problem: null });
});

t.test('where no name can be looked up it is a failure that passes', async (t) => {
  const { around, change, until, certificate } = await world(t);
  for (const name of BOTH) around.dead.add(name);
  await change({ domains: [entry()] });
  await until(async () => (await certificate())?.problem?.includes('try again automatically') === true);
  t.same(around.orders, []);
});

t.test('CAA records that name another authority are not tried against', async (t) => {
  const { around, change, until, certificate } = await world(t);
  around.caa.push({ critical: false, tag: 'issue', value: 'other.test' });
  await change({ domains: [entry()] });
  await until(async () => (await certificate())?.problem !== null);
  t.match(await certificate(), {
    state: 'pending',
    problem:
      'The CAA records of example.com must allow ca.test to issue certificates; found 0 issue "other.test".',
  });
  t.same(around.orders, []);
});

t.test('the order waits until the proxy serves the names', async (t) => {
  const { around, change, until, certificate, rest } = await world(t);
  around.routed = false;
  await change({ domains: [entry()] });
  await until(async () => (await certificate())?.state === 'pending');
  await rest(20_000);
  t.same(around.orders, []);
  around.routed = true;
  await change({ updatedAt: 'when the job has ended' });
  await until(async () => (await certificate())?.state === 'issued');
});

t.test('a refusal is told, counted, and tried again ever more slowly within the limits', async (t) => {
  const { around, change, until, certificate, rest, state } = await world(t);
  around.refusal = new AgentError('certificate_refused', 'The certificate authority refused: no.');
  await change({ domains: [entry()] });
  await until(async () => (await certificate())?.state === 'failed');
  t.match(await certificate(), { problem: 'The certificate authority refused: no.' });
  for (const minutes of [1, 2, 4]) await rest(minutes * 60_000 + 1000);
  await until(() => around.orders.length === 4);
  await rest(10 * 60_000);
  await until(() => (state.domains.find(ID)?.problem ?? '').includes('can be ordered after'));
  t.equal(around.orders.length, 4, 'four failures in an hour are the limit');
  around.refusal = undefined;
  await rest(HOUR);
  await until(async () => (await certificate())?.state === 'issued');
  t.match(state.domains.find(ID), { failures: 0, refusals: [], problem: null });
});

t.test('what was issued is not lost when the proxy cannot take it, and not ordered twice', async (t) => {
  const { around, change, until, rest, certificate } = await world(t);
  around.proxyFailure = new AgentError('proxy_unreachable', 'The reverse proxy cannot be changed right now.');
  await change({ domains: [entry()] });
  await until(async () => (await certificate())?.problem?.includes('try again automatically') === true);
  around.proxyFailure = undefined;
  await rest(2 * 60_000);
  await until(() => around.shown.size === 1);
  t.equal(around.orders.length, 1);
});

t.test(
  'what an end of the daemon kept from being shown and told is made up for, also after a renewal',
  async (t) => {
    const { around, change, until, rest, certificate, state, stop, restart } = await world(t);
    around.proxyHangs = true;
    await change({ domains: [entry()] });
    await until(() => state.domains.find(ID)?.certificate?.chain === 'chain 1');
    await stop();
    around.proxyHangs = false;
    restart();
    await until(async () => (await certificate())?.state === 'issued');
    t.equal(around.chains.at(-1), 'chain 1');

    await until(() => state.domains.find(ID)?.nextAt === null);
    around.proxyHangs = true;
    await rest((LIFETIME * 2) / 3 + HOUR);
    await until(() => state.domains.find(ID)?.certificate?.chain === 'chain 2');
    await stop();
    around.proxyHangs = false;
    restart();
    await until(() => around.chains.at(-1) === 'chain 2');
    await until(
      async () => (await certificate())?.expiresAt === state.domains.find(ID)?.certificate?.expiresAt,
    );
    t.equal(around.orders.length, 2, 'nothing was ordered twice');
  },
);

t.test('a removed domain loses its certificate and rests; then it is forgotten', async (t) => {
  const { around, change, until, rest, state } = await world(t);
  await change({ domains: [entry()] });
  await until(() => around.shown.size === 1);
  await change({ domains: [] });
  await until(() => around.shown.size === 0 && state.domains.find(ID)?.certificate === null);
  t.match(state.domains.find(ID), {
    service: null,
    owner: { panel: 'default', email: 'anna@example.com' },
    quarantineUntil: '2026-01-01T01:00:00.000Z',
  });
  await rest(6 * DAY);
  t.ok(state.domains.find(ID), 'the weekly limits still look at it');
  await rest(2 * DAY);
  await until(() => state.domains.find(ID) === undefined);
});

t.test(
  'what happened while nobody looked is made up for: added, removed, and lost by the proxy',
  async (t) => {
    const { around, change, until, state, stop, restart } = await world(t);
    await change({ domains: [entry(), entry({ domain: 'shop.example.org', www: false })] });
    around.addresses.set('shop.example.org', ['203.0.113.10']);
    await until(() => around.shown.size === 1 && state.domains.list().length === 2);
    await stop();
    await change({ domains: [entry(), entry({ domain: 'new.example.net', www: false })] });
    around.addresses.set('new.example.net', ['203.0.113.10']);
    around.shown.clear();
    around.shown.set('stray', ['stray.example.org']);
    restart();
    await until(() => around.shown.has(ID) && around.shown.has(domainId('new.example.net')));
    t.notOk(around.shown.has('stray'));
    t.match(state.domains.find(domainId('shop.example.org')), { service: null });
    t.equal(around.orders.filter((names) => names.includes('example.com')).length, 1);
  },
);

t.test('a name that its next owner brings does not get the former key', async (t) => {
  const { around, change, until, state } = await world(t);
  await change({ domains: [entry()] });
  await until(() => around.shown.size === 1);
  await change({ domains: [] });
  await until(() => state.domains.find(ID)?.service === null);
  await state.services.commit('default/13', () =>
    aService({
      ...{ id: '13', lifecycle: 'active', subdomain: 'bert', vmid: 1001, addresses: [] },
      ...{ email: 'bert@example.com', domains: [entry()] },
    }),
  );
  await until(() => state.domains.find(ID)?.certificate?.chain === 'chain 2');
  t.match(state.domains.find(ID), { service: 'default/13', owner: { email: 'bert@example.com' } });
});

t.test(
  'a domain that is switched off loses its certificate, and gets a new one when it is back',
  async (t) => {
    const { around, change, until, certificate, rest, state, stop, restart } = await world(t);
    const stray = {
      since: '2026-01-01T00:00:00.000Z',
      problem: 'example.com points to no address.',
      off: true,
    };
    await change({ domains: [entry()] });
    await until(async () => (await certificate())?.state === 'issued');
    const [served] = domainsOf(await state.services.get('default/12'));
    if (!served) throw new Error('the domain is gone');
    await change({ domains: [{ ...served, stray }] });
    await until(async () => around.shown.size === 0 && (await certificate())?.state === 'none');
    t.same(await certificate(), { state: 'none', expiresAt: null, problem: stray.problem });
    await rest(60 * DAY);
    t.equal(around.orders.length, 1, 'nothing is ordered meanwhile');
    t.match(state.domains.find(ID), { service: 'default/12', off: true, certificate: null });
    await stop();
    await change({ domains: [{ ...served }] });
    restart();
    await until(() => around.orders.length === 2);
    await until(async () => (await certificate())?.state === 'issued');
    t.match(state.domains.find(ID), { off: false, failures: 0 });
  },
);

t.test('what is issued for a domain that is taken away meanwhile counts for the weekly limits', async (t) => {
  const { around, change, until, state } = await world(t);
  let release = (): void => {};
  around.hold = new Promise((resolve) => (release = resolve));
  await change({ domains: [entry()] });
  await until(() => around.orders.length === 1);
  await change({ domains: [] });
  release();
  await until(() => state.domains.find(ID)?.service === null);
  await until(() => state.domains.find(ID)?.certificate === null && around.shown.size === 0);
  t.match(state.domains.find(ID)?.issued, [{ names: ['example.com', 'www.example.com'] }]);
});
