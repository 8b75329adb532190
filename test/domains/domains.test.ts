/**
 * Customers' domains over time: the one that came with the order, one that leads elsewhere, one that changes hands,
 * and names beside one's own.
 */
import t, { type Test } from 'tap';
import { certificateManager } from '../../src/certificates/certificate-manager.js';
import { domainId } from '../../src/model/custom-domain.js';
import { servedNames } from '../../src/model/domain-name.js';
import { AgentError } from '../../src/kernel/errors.js';
import { isOpen } from '../../src/model/job.js';
import type { Service, ServiceKey } from '../../src/model/service.js';
import { addDomain } from '../../src/domains/add-domain.js';
import { createSite } from '../../src/services/create-site.js';
import { makeAllocate } from '../../src/services/allocate.js';
import { retryRequestedDomains } from '../../src/domains/retry-requested-domains.js';
import { listDomains } from '../../src/domains/list-domains.js';
import { recheckDomains } from '../../src/domains/recheck-domains.js';
import { removeDomain } from '../../src/domains/remove-domain.js';
import { setPrimary } from '../../src/domains/set-primary.js';
import { makeRig, ORDER } from '../http/harness.js';
import { toldClock } from '../fakes/told-clock.js';
import { type Changes, flat } from '../fakes/parts.js';

const HERE = '203.0.113.10';
const DAY = 86_400_000;
const BY = { panel: 'default', requestId: 'r' };
const signal = new AbortController().signal;

async function world(t: Test) {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  rig.app.log.level = 'silent';
  const addresses = new Map<string, readonly string[]>();
  const texts = new Map<string, readonly string[]>();
  const outside = { fails: false, dead: new Set<string>(), during: async (): Promise<void> => {} };
  const lookup = {
    ...rig.deps.drivers.lookup,
    async addresses(name: string) {
      if (outside.fails || outside.dead.has(name))
        throw new AgentError('lookup_failed', 'The name servers do not answer.');
      await outside.during();
      return { addresses: addresses.get(name) ?? [], aliases: [] };
    },
    texts: async (name: string) => texts.get(name) ?? [],
  };
  const context = { ...rig.deps, drivers: { ...rig.deps.drivers, lookup } };
  const { state } = rig;
  const keeper = certificateManager({
    ...{ config: context.config, services: state.services, domains: state.domains },
    drivers: { ...context.drivers, proxy: { ...rig.deps.drivers.proxy } },
    clock: {
      ...toldClock(() => rig.behaviour.now),
      sleep: (ms, stop) =>
        new Promise((resolve, reject) => {
          const timer = setTimeout(resolve, Math.min(ms, 5));
          stop?.addEventListener(
            'abort',
            () => {
              clearTimeout(timer);
              reject(new Error('woken'));
            },
            { once: true },
          );
        }),
    },
    log: context.log,
  });
  keeper.start();
  t.teardown(() => keeper.stop().then(() => keeper.ended()));
  const order = async (id: string, also: object = {}): Promise<Service> => {
    const requested = { ...ORDER, service_id: id, ...also };
    await createSite(context, makeAllocate(context), { ...BY, name: 'x', permissions: new Set() }, requested);
    return settled(id, { lifecycle: 'active' });
  };
  /** As the job engine does when all has gone well. */
  const settled = (id: string, also: Changes = {}): Promise<Service> =>
    rig.change(`default/${id}`, ({ jobs }) => ({
      jobs: jobs.map((job) =>
        isOpen(job) ? { ...job, status: 'completed', endedAt: '2026-03-01T12:00:00.000Z' } : job,
      ),
      ...also,
    }));
  const service = (id: string): Promise<Service> => state.services.get(`default/${id}`);
  /** Waits for the keeper's books. */
  const kept = async (domain: string, holder: ServiceKey | null): Promise<void> => {
    for (let n = 0; state.domains.find(domainId(domain))?.service !== holder; n += 1) {
      if (n > 2000) throw new Error(`${domain}: ${JSON.stringify(state.domains.find(domainId(domain)))}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const add = async (id: string, domain: string): Promise<void> => {
    await addDomain(context, BY, id, domain);
    await settled(id);
    await kept(domain, `default/${id}`);
  };
  const look = async (afterMs: number): Promise<void> => {
    rig.behaviour.now += afterMs;
    await recheckDomains(context, signal);
  };
  const challenge = async (id: string, domain: string): Promise<string> => {
    await addDomain(context, BY, id, domain).catch(() => {});
    return (await listDomains(context, BY, id)).challenge ?? '';
  };
  return {
    ...{ rig, context, state, outside, addresses, texts },
    order,
    settled,
    service,
    add,
    look,
    challenge,
    kept,
  };
}

t.test('the domain of the order is added once the site is up and it leads here', async (t) => {
  const { context, rig, order, service, addresses, settled } = await world(t);
  await createSite(
    context,
    makeAllocate(context),
    { ...BY, name: 'x', permissions: new Set() },
    { ...ORDER, domain: 'Shop.Example.COM' },
  );
  await retryRequestedDomains(context, signal);
  t.match(flat(await service('12345')).domainWish, { tries: 0 }, 'not before the site is up');
  await settled('12345', { lifecycle: 'active' });
  const next = await retryRequestedDomains(context, signal);
  t.equal(next, rig.behaviour.now + 60_000);
  const { request } = await listDomains(context, BY, '12345');
  t.match(request, {
    name: 'shop.example.com',
    problem: /^shop\.example\.com must point to 203\.0\.113\.10, but points to no address/,
  });
  t.match((await rig.call('GET', '/action/getdomain?service_id=12345')).body, {
    domains: [],
    wish: { domain: 'shop.example.com', problem: /must point to/, next_try_at: '2026-03-01T12:01:00.000Z' },
  });
  await retryRequestedDomains(context, signal);
  t.match(flat(await service('12345')).domainWish, { tries: 1 }, 'not before its time');
  rig.behaviour.now += 60_000;
  t.equal(await retryRequestedDomains(context, signal), rig.behaviour.now + 120_000, 'ever more rarely');
  addresses.set('shop.example.com', [HERE]);
  rig.behaviour.now += 120_000;
  t.equal(await retryRequestedDomains(context, signal), undefined);
  const made = await service('12345');
  t.match(flat(made).domains, [{ domain: 'shop.example.com', provenBy: 'routing' }]);
  t.match(made.jobs.at(-1), { method: 'addDomain', interactive: false });
  t.notOk(flat(made).domainWish);
  t.match((await rig.call('GET', '/action/getdomain?service_id=12345')).body, { wish: null });

  await order('2', { domain: 'never.example.com' });
  await order('3', { domain: 'unwanted.example.com' });
  await removeDomain(context, BY, '3', 'unwanted.example.com');
  t.notOk(flat(await service('3')).domainWish, 'deldomain lets go of it');
  await settled('3');
  await t.rejects(removeDomain(context, BY, '3', 'unwanted.example.com'), { code: 'domain_not_found' });
  addresses.set('unwanted.example.com', [HERE]);
  rig.behaviour.now += 31 * DAY;
  t.equal(await retryRequestedDomains(context, signal), undefined, 'given up after a month');
  t.match([flat(await service('2')).domainWish, flat(await service('3')).domains], [undefined, []]);
});

t.test(
  'a domain that leads elsewhere is told of, switched off when it lasts, and on again when it is back',
  async (t) => {
    const { context, rig, order, service, addresses, add, look, settled, outside } = await world(t);
    await order('1');
    addresses.set('example.com', [HERE]);
    await add('1', 'example.com');
    await look(DAY);
    const first = await service('1');
    t.notOk(flat(first).domains[0]?.stray);
    addresses.set('example.com', ['198.51.100.9']);
    await look(DAY / 2);
    t.equal(await service('1'), first, 'it is not looked at all the time');
    await look(DAY / 2);
    const problem = 'example.com points to 198.51.100.9; it must point to 203.0.113.10.';
    t.match(flat(await service('1')).domains, [{ stray: { problem, off: false } }]);
    t.match((await rig.call('GET', '/action/getdomain?service_id=1')).body, {
      details: [{ enabled: true, problem }],
    });

    addresses.set('example.com', [HERE]);
    await look(DAY);
    t.notOk(flat(await service('1')).domains[0]?.stray, 'back in time');
    outside.fails = true;
    await look(100 * DAY);
    t.notOk(flat(await service('1')).domains[0]?.stray, 'a look-up that fails says nothing');
    outside.fails = false;
    addresses.set('example.com', []);
    await look(DAY);
    await look(13 * DAY);
    t.same(servedNames(flat(await service('1'))).length, 2, 'still served');
    t.match((await service('1')).jobs.filter(isOpen), []);
    await look(DAY);
    const off = await service('1');
    t.match(flat(off).domains, [
      { domain: 'example.com', stray: { off: true, problem: /points to no address/ } },
    ]);
    t.match(off.jobs.at(-1), { method: 'repair', args: { parts: ['proxy'] } });
    t.same(servedNames(flat(off)), [flat(off).fqdn]);
    t.match(
      off.events?.map(({ type }) => type),
      /domain\.disabled/,
    );
    t.match((await rig.call('GET', '/action/getdomain?service_id=1')).body, {
      domains: ['example.com'],
      used: 1,
      details: [{ enabled: false }],
    });
    await settled('1');
    await t.rejects(setPrimary(context, BY, '1', 'example.com'), {
      code: 'domain_not_ready',
      message: /is disabled/,
    });

    addresses.set('example.com', [HERE]);
    await look(DAY);
    const on = await service('1');
    t.notOk(flat(on).domains[0]?.stray);
    t.match(on.jobs.at(-1), { method: 'repair', status: 'queued' });
    t.match(
      on.events?.map(({ type }) => type),
      /domain\.enabled/,
    );
  },
);

t.test('a www that cannot be looked up says nothing about the apex, neither way', async (t) => {
  const { order, add, look, service, addresses, outside } = await world(t);
  await order('1');
  addresses.set('example.com', [HERE]).set('www.example.com', [HERE]);
  await add('1', 'example.com');
  outside.dead.add('www.example.com');
  await look(DAY + 1);
  t.notOk(flat(await service('1')).domains[0]?.stray, 'the apex leads here');
  addresses.set('example.com', ['198.51.100.9']);
  await look(DAY + 1);
  t.match(flat(await service('1')).domains[0]?.stray, {
    problem: `example.com points to 198.51.100.9; it must point to ${HERE}.`,
  });
  outside.dead.add('example.com');
  addresses.set('example.com', [HERE]);
  await look(DAY + 1);
  t.ok(flat(await service('1')).domains[0]?.stray, 'nothing was learnt');
});

t.test('a name that the certificate leaves out does not become the URL of the site', async (t) => {
  const { order, add, rig, context, addresses } = await world(t);
  await order('1');
  addresses.set('example.com', [HERE]).set('www.example.com', [HERE]);
  await add('1', 'example.com');
  await rig.change('default/1', ({ site }) => ({
    domains: (site?.domains ?? []).map((entry) => ({
      ...entry,
      certificate: {
        state: 'issued' as const,
        expiresAt: '2026-06-01T00:00:00.000Z',
        problem: 'www.example.com is not in the certificate: no.',
        names: ['example.com'],
      },
    })),
  }));
  const issuing = {
    ...context,
    drivers: { ...context.drivers, issuer: { ...context.drivers.issuer, kind: 'acme' as const } },
  };
  await t.rejects(setPrimary(issuing, BY, '1', 'www.example.com'), {
    code: 'domain_not_ready',
    message: 'www.example.com has no certificate yet. www.example.com is not in the certificate: no.',
  });
  await setPrimary(issuing, BY, '1', 'example.com');
});

t.test('a domain proven in DNS need not lead here as long as the proof is there', async (t) => {
  const { order, service, texts, add, look, challenge } = await world(t);
  await order('1');
  const value = await challenge('1', 'example.com');
  texts.set('_innkeeper-challenge.example.com', ['other', value]);
  await add('1', 'example.com');
  t.match(flat(await service('1')).domains, [{ provenBy: 'txt' }]);
  await look(DAY);
  t.notOk(flat(await service('1')).domains[0]?.stray);
  texts.clear();
  await look(DAY);
  t.ok(flat(await service('1')).domains[0]?.stray);
});

t.test(
  'a domain that was switched off goes to the new owner who proves it, and to nobody else',
  async (t) => {
    const { context, order, service, addresses, texts, add, look, challenge, settled, kept } = await world(t);
    await order('1');
    await order('2', { email: 'new@example.com' });
    addresses.set('example.com', [HERE]);
    await add('1', 'example.com');
    const value = await challenge('2', 'example.com');
    t.notOk(value, 'while it is served nobody else is even told how');
    addresses.set('example.com', []);
    await look(DAY);
    await look(14 * DAY);
    await settled('1');
    t.match(flat(await service('1')).domains, [{ stray: { off: true } }]);

    addresses.set('example.com', [HERE]);
    await t.rejects(addDomain(context, BY, '2', 'example.com'), {
      code: 'domain_taken',
      message: /belongs to another customer\. If the domain is yours, prove ownership with a TXT record/,
    });
    texts.set('_innkeeper-challenge.example.com', [await challenge('2', 'example.com')]);
    await add('2', 'example.com');
    t.match(
      [flat(await service('1')).domains, flat(await service('2')).domains],
      [[], [{ domain: 'example.com' }]],
    );
    await kept('example.com', 'default/2');
    await t.rejects(addDomain(context, BY, '1', 'example.com'), { code: 'domain_taken' });
  },
);

t.test(
  "names below a domain are its owner's: while it is served, while it rests, and in the moment between",
  async (t) => {
    const { context, rig, order, service, addresses, add, outside, settled, kept } = await world(t);
    await order('1');
    await order('2', { email: 'new@example.com' });
    await order('3');
    for (const name of [
      'example.com',
      'shop.example.com',
      'a.b.example.com',
      'late.example.org',
      'example.org',
    ])
      addresses.set(name, [HERE]);
    await add('1', 'example.com');
    for (const name of ['shop.example.com', 'a.b.example.com'])
      await t.rejects(addDomain(context, BY, '2', name), {
        code: 'domain_taken',
        message: new RegExp(`^${name} is below example\\.com, which belongs to another customer`),
      });
    await add('3', 'shop.example.com');
    await removeDomain(context, BY, '1', 'example.com');
    await settled('1');
    await kept('example.com', null);
    await t.rejects(addDomain(context, BY, '2', 'a.b.example.com'), {
      message: /^a\.b\.example\.com is below example\.com, which belonged to another customer until recently/,
    });
    rig.behaviour.now += 3_600_000;
    await add('2', 'a.b.example.com');

    // the name above is given away while the one below is being looked up
    let once = true;
    outside.during = async () => {
      if (!once) return;
      once = false;
      await add('1', 'example.org');
    };
    await t.rejects(addDomain(context, BY, '2', 'late.example.org'), {
      code: 'domain_taken',
      message: /^example\.org was just assigned to another service/,
    });
    t.match(flat(await service('2')).domains, [{ domain: 'a.b.example.com' }]);
  },
);
