/** How an order becomes a service: what it gets, what it waits for, and what another order of the same id means. */
import t from 'tap';
import { AgentError } from '../../src/kernel/errors.js';
import type { Service } from '../../src/model/service.js';
import { makeAllocate } from '../../src/services/allocate.js';
import { createSite } from '../../src/services/create-site.js';
import { release, reserve } from '../../src/services/reservations.js';
import { retryService } from '../../src/services/retry-service.js';
import type { Changes } from '../fakes/parts.js';
import { aGuest, aJob, aService } from '../fakes/samples.js';
import { ADMIN, type Operations, operations, PANEL } from '../fakes/operations.js';

const NOW = '2026-01-01T00:00:00.000Z';
const ORDER = { service_id: '12', email: 'anna@example.com', plan: 'basic', public_ip: '203.0.113.10' };
const FREE: Changes = { vmid: null, addresses: [] };

function ordering(...services: Service[]) {
  const of = operations(...services);
  const allocate = makeAllocate(of.context);
  const order = (also: object = {}, strict = false) =>
    createSite(of.context, allocate, PANEL, { ...ORDER, ...also }, { strict });
  return { ...of, allocate, order };
}
const stale = ({ cluster }: Operations): void => void (cluster.staleSince = 1);

t.test('an order becomes a service with all that it needs, and one job', async (t) => {
  const { order, service } = ordering();
  const { service: made, warnings } = await order({ user_id: 7, locale: 'de', domain: 'shop.example' });
  t.same(warnings, []);
  t.same(made, await service());
  t.match(made, {
    ...{
      panel: 'default',
      id: '12',
      generation: 1,
      lifecycle: 'creating',
      email: 'anna@example.com',
      userId: '7',
      locale: 'de',
    },
    plan: { name: 'basic', diskGb: 20 },
    module: { type: 'product', name: 'wordpress' },
    guest: {
      addresses: [
        { pool: 'small', address: '10.0.0.10', prefix: 24, gateway: '10.0.0.1' },
        { pool: 'six', address: 'fd00::2', prefix: 64, gateway: 'fd00::1' },
      ],
      ...{ vmid: 10_000, node: null, snapshots: [], lastBackup: null },
    },
    site: {
      ...{ subdomain: 'anna', fqdn: 'anna.sites.example.net', domains: [], proxyEnabled: true },
      ...{ primaryDomain: 'anna.sites.example.net', domainWish: { name: 'shop.example', nextAt: NOW } },
    },
    ...{
      suspendedFor: [],
      deletion: null,
      secrets: {},
      credentialsAcknowledgedAt: null,
      data: {},
      activeAt: null,
    },
    ...{ createdAt: NOW, updatedAt: NOW },
    jobs: [{ method: 'create', status: 'queued', interactive: false, policy: { patienceS: 3600 } }],
  });
  t.equal(made.jobs.length, 1);
  const bare = (await ordering().order()).service;
  t.equal(bare.userId, null);
  t.notOk('locale' in bare || 'domainWish' in (bare.site ?? {}));
});

t.test('a product gets the parts that it has', async (t) => {
  for (const parts of [['guest'], ['site'], []] as const) {
    const of = ordering();
    of.product.sold = { ...of.product.sold, declared: { ...of.product.sold.declared, parts } };
    const { service } = await of.order();
    t.equal(service.guest !== null, parts.includes('guest' as never), `guest: ${parts.join()}`);
    t.equal(service.site !== null, parts.includes('site' as never), `site: ${parts.join()}`);
  }
});

t.test('what is given out goes on behind the last, past what is used', async (t) => {
  const { order, cluster } = ordering();
  cluster.used.add('10.0.0.11');
  if (cluster.view) cluster.view = { ...cluster.view, guests: [aGuest(10_001)] };
  const got = async (id: string) => {
    const { service } = await order({ service_id: id });
    const { addresses, vmid } = service.guest ?? { addresses: [], vmid: 0 };
    return [service.site?.subdomain, vmid, ...addresses.map(({ address }) => address)].join(' ');
  };
  t.equal(await got('a'), 'anna 10000 10.0.0.10 fd00::2');
  t.equal(await got('b'), 'anna-2 10002 10.1.0.2 fd00::3', 'the next pool is used when the first is full');
});

t.test('what is used up is waited for, unless the caller will not', async (t) => {
  for (const [what, use, words] of [
    [
      'addresses',
      ({ config }: Operations) =>
        void (config.addresses.pools = config.addresses.pools.filter(({ name }) => name === 'small')),
      /No address is left/,
    ],
    [
      'numbers',
      ({ config }: Operations) =>
        void (config.container_host.proxmox.vmids = { first: 10_000, last: 10_000 }),
      /No VMID is left/,
    ],
  ] as const) {
    const of = ordering(aService({ id: '9', vmid: 10_000, addresses: [], subdomain: 'x' }));
    use(of);
    if (what === 'addresses') for (const last of [10, 11]) of.cluster.used.add(`10.0.0.${last}`);
    await t.rejects(of.order({}, true), { code: 'capacity_exhausted', message: words }, what);
    t.equal(of.memory.services.entry('default/12'), undefined);
    const { service, warnings } = await of.order();
    t.match(service, {
      lifecycle: 'creating',
      guest: { vmid: null, addresses: [] },
      site: { subdomain: 'anna' },
    });
    t.match(warnings, [/: the order waits until /]);
    t.equal(warnings.length, 1);
  }
});

t.test('a cluster without room is told, and what is not known is not', async (t) => {
  const full = new AgentError('capacity_exhausted', 'No node has room.');
  const told = async (thrown: AgentError, strict = false, change: (of: Operations) => void = () => {}) => {
    const of = ordering();
    of.room.check = () => {
      throw thrown;
    };
    change(of);
    return (await of.order({}, strict)).warnings;
  };
  t.same(await told(full), ['No node has room: the order waits until one is free.']);
  await t.rejects(told(full, true), { code: 'capacity_exhausted' });
  t.same(
    await told(new AgentError('template_missing', 'x'), true),
    [],
    'what the operator must provide loses no order',
  );
  await t.rejects(told(new AgentError('internal_error', 'x')), { code: 'internal_error' });
  t.same(await told(full, true, stale), []);
  t.same(await told(full, true, ({ cluster }) => (cluster.view = undefined)), []);
  const without = ({ product }: Operations) => {
    product.sold = { ...product.sold, declared: { ...product.sold.declared, source: null } };
  };
  t.same(await told(full, true, without), []);
});

t.test('a name that was asked for is given, or refused', async (t) => {
  const { order } = ordering(aService({ id: '9', vmid: 1, addresses: [] }));
  await t.rejects(order({ subdomain: 'anna' }), { code: 'name_taken' });
  t.equal((await order({ subdomain: 'shop' })).service.site?.subdomain, 'shop');
  await t.rejects(order({ service_id: '13', subdomain: 'brand' }), { code: 'name_reserved' });
  await t.rejects(order({ service_id: '13', plan: 'none' }), { code: 'unknown_plan' });
  await t.rejects(order({ service_id: '13', module: 'none' }), { code: 'unknown_module' });
});

t.test('the same order again is answered with the service; another one is refused', async (t) => {
  const { order, memory, config } = ordering();
  const first = await order({ properties: {} });
  t.same((await order({ email: 'anna@EXAMPLE.com', plan: 'WordPress Basic' })).service, first.service);
  t.equal(memory.writes(), 1);
  await t.rejects(order({ email: 'b@example.com' }), {
    code: 'service_exists',
    message: /e-mail address/,
  });
  await t.rejects(order({ plan: 'premium' }), { code: 'service_exists', message: / plan/ });
  await t.rejects(order({ plan: 'none' }), { code: 'service_exists', message: / plan/ });
  config.plans = [];
  t.same((await order()).service, first.service, 'its plan is no longer sold');
});

t.test('options that a repeated order names otherwise are not passed over', async (t) => {
  const of = ordering();
  const [basic] = of.config.plans;
  if (!basic) return t.fail('no plan');
  of.config.plans[0] = { ...basic, options: [{ name: 'disk_gb', min: 20, max: 60, step: 20 }] };
  t.match((await of.order({ properties: { disk_gb: 40 } })).service, { plan: { diskGb: 40 } });
  t.same((await of.order({ properties: { disk_gb: '+20' } })).warnings, []);
  t.match((await of.order({ properties: { disk_gb: 60 } })).warnings, [/upgrade/]);
});

t.test('what another order of the same id means, by how the service stands', async (t) => {
  const job = (method: 'create' | 'delete' | 'stop', status: 'queued' | 'stuck' | 'failed') =>
    aJob({ method, status, endedAt: status === 'queued' ? null : NOW });
  const deletion = { requestedAt: NOW, purgeAt: '2026-01-08T00:00:00.000Z' };
  for (const [what, also, expected] of [
    ['under way', { lifecycle: 'creating', jobs: [job('create', 'queued')] }, 1],
    ['alive', { lifecycle: 'active' }, 1],
    ['failed and taken back', { ...FREE, lifecycle: 'failed', jobs: [job('create', 'failed')] }, 2],
    [
      'failed, and something is left',
      { lifecycle: 'failed', jobs: [job('create', 'failed')] },
      'service_failed',
    ],
    ['stuck', { ...FREE, lifecycle: 'failed', jobs: [job('create', 'stuck')] }, 'service_failed'],
    [
      'failed, being removed',
      { ...FREE, lifecycle: 'failed', jobs: [job('delete', 'queued')] },
      'service_busy',
    ],
    ['being removed', { lifecycle: 'active', jobs: [job('delete', 'queued')] }, 'service_busy'],
    ['gone', { ...FREE, lifecycle: 'terminated', deletion }, 2],
    [
      'gone, with a job',
      { ...FREE, lifecycle: 'terminated', deletion, jobs: [job('stop', 'queued')] },
      'service_busy',
    ],
    ['held', { lifecycle: 'terminated', deletion }, 1],
    [
      'held, and the purge is stuck',
      { lifecycle: 'terminated', deletion, jobs: [job('delete', 'stuck')] },
      'service_busy',
    ],
  ] as const) {
    const before = aService(also);
    const { order, service } = ordering(before);
    const made = order();
    if (typeof expected === 'string') await t.rejects(made, { code: expected }, what);
    else {
      await made;
      const after = await service();
      t.equal(after.generation, expected, what);
      const isRestored = what === 'held';
      t.equal(after.lifecycle, expected === 2 || isRestored ? 'creating' : before.lifecycle, what);
      if (expected === 2)
        t.same(
          after.jobs.map(({ method }) => method),
          [...before.jobs.slice(-1).map(({ method }) => method), 'create'],
        );
      if (isRestored) t.match(after.jobs.at(-1), { method: 'restore' });
    }
  }
});

t.test('a reservation holds room for as many orders as it counts, each once', async (t) => {
  const of = ordering();
  const { order } = of;
  const ask = (also: object = {}) =>
    reserve(of.context, PANEL, { plan: 'basic', count: 1, ttlS: 60, ...also });
  const { id, expiresAt } = await ask();
  t.equal(expiresAt, '2026-01-01T00:01:00.000Z');
  const take = (service_id: string, also: object = {}, strict = true) =>
    order({ service_id, reservation: id, ...also }, strict);
  await t.rejects(take('a', { plan: 'premium' }), {
    code: 'invalid_request',
    fields: { reservation: 'is for the plan basic' },
  });
  t.same((await take('a')).warnings, []);
  await take('a');
  t.match(of.memory.reservations.find(id), { count: 1, takenBy: ['default/a'], panel: 'default' });
  await t.rejects(take('b'), { code: 'reservation_used' });
  t.match((await take('b', {}, false)).warnings, [/^The reservation is not used: /]);
  await t.rejects(take('c', { reservation: 'x' }), { code: 'reservation_not_found' });
  const late = await ask({ ttlS: 60 });
  await of.clock.turn(60_000);
  await t.rejects(take('c', { reservation: late.id }), { code: 'reservation_not_found' });
});

t.test('a unit of an order that failed goes to the next', async (t) => {
  const failed = aService({ ...FREE, id: 'a', lifecycle: 'failed' });
  const of = ordering(failed);
  const { id } = await reserve(of.context, PANEL, { plan: 'basic', count: 1, ttlS: 60 });
  await of.memory.reservations.commit(id, (current) => {
    if (!current) throw new Error('it is gone');
    return { ...current, takenBy: ['default/a'] };
  });
  await of.order({ reservation: id }, true);
  t.same(of.memory.reservations.find(id)?.takenBy, ['default/12']);
});

t.test('a panel reserves at most a thousand, and no more than there is room for', async (t) => {
  const of = ordering();
  of.config.container_host.proxmox.vmids = { first: 10_000, last: 19_999 };
  of.config.addresses.pools = of.config.addresses.pools.filter(({ name }) => name === 'six');
  const ask = (count: number) => reserve(of.context, PANEL, { plan: 'basic', count, ttlS: 60 });
  await ask(999);
  await t.rejects(ask(2), { code: 'quota_reached', message: /999 of 1000/ });
  const { id } = await ask(1);
  await release(of.context, PANEL, id);
  await ask(1);
  await t.rejects(reserve(of.context, PANEL, { plan: 'basic', count: 1, ttlS: 60, module: 'x' }), {
    code: 'unknown_module',
  });
  of.room.count = 3;
  const other = { ...PANEL, panel: 'other' };
  await t.rejects(reserve(of.context, other, { plan: 'basic', count: 4, ttlS: 60 }), {
    code: 'capacity_exhausted',
    message: / 3 such sites, but 4 were requested/,
    detail: 'limited by nodes',
  });
  t.ok(await reserve(of.context, other, { plan: 'basic', count: 3, ttlS: 60 }));
  of.cluster.view = undefined;
  await t.rejects(reserve(of.context, other, { plan: 'basic', count: 1, ttlS: 60 }), { code: 'not_ready' });
  await t.rejects(release(of.context, other, id), { code: 'reservation_not_found' });
});

t.test('a release ends a reservation now, and one that is over stays as it is', async (t) => {
  const of = ordering();
  const { id } = await reserve(of.context, PANEL, { plan: 'basic', count: 1, ttlS: 60 });
  await of.clock.turn(1000);
  t.equal((await release(of.context, PANEL, id)).expiresAt, '2026-01-01T00:00:01.000Z');
  await of.clock.turn(1000);
  t.equal((await release(of.context, PANEL, id)).expiresAt, '2026-01-01T00:00:01.000Z');
});

t.test('what is made again: the stuck job, one that waits, or the failed order', async (t) => {
  const stuck = aJob({ id: 's', method: 'stop', status: 'stuck', endedAt: NOW });
  const stuckEnd = aJob({ id: 'd', method: 'delete', status: 'stuck', endedAt: NOW });
  const waiting = aJob({
    id: 'w',
    method: 'stop',
    status: 'waiting',
    waiting: { for: 'DNS', since: NOW, until: NOW },
  });
  const held = aJob({
    id: 'h',
    method: 'delete',
    status: 'waiting',
    waiting: { for: 'release by an operator', since: NOW, until: NOW },
  });
  const failed = aJob({
    id: 'f',
    method: 'upgrade',
    status: 'failed',
    endedAt: NOW,
    args: { plan: 'premium' },
  });
  const again = async (also: Changes) => {
    const of = ordering(aService({ lifecycle: 'active', ...also }));
    const { job, service } = await retryService(of.context, of.allocate, ADMIN, '12');
    t.ok(service.jobs.some(({ id }) => id === job.id));
    return job;
  };
  t.match(await again({ jobs: [stuck] }), { id: 's', status: 'queued', endedAt: null });
  t.match(
    await again({ jobs: [stuck, stuckEnd] }),
    { id: 'd', status: 'queued' },
    'what ends the site comes first',
  );
  t.match(await again({ jobs: [waiting, stuck] }), { id: 's' });
  t.match(await again({ jobs: [waiting] }), { id: 'w', status: 'queued' });
  t.match(await again({ jobs: [failed] }), {
    method: 'upgrade',
    status: 'queued',
    args: { plan: 'premium' },
  });
  const creation = aJob({ id: 'c', status: 'failed', endedAt: NOW });
  t.match(await again({ ...FREE, lifecycle: 'failed', jobs: [creation] }), {
    method: 'create',
    status: 'queued',
  });
  await t.rejects(again({}), { code: 'nothing_to_retry' });
  await t.rejects(
    again({ jobs: [held] }),
    { code: 'nothing_to_retry' },
    'what the brake holds is another decision',
  );
  await t.rejects(again({ lifecycle: 'failed' }), { code: 'service_failed' });
  await t.rejects(again({ lifecycle: 'failed', jobs: [aJob({ method: 'delete' })] }), {
    code: 'nothing_to_retry',
  });
});

t.test('an order is made again as it was first sent, with what was sold', async (t) => {
  const service = aService({
    ...FREE,
    lifecycle: 'failed',
    jobs: [aJob({ status: 'failed', endedAt: NOW })],
  });
  const sold = { ...service.plan, diskGb: 33 };
  const order = {
    ...service.order,
    subdomain: 'shop',
    domain: 'a.example',
    userId: '7',
    locale: 'de',
    properties: { x: 1 },
  };
  const of = ordering({ ...service, plan: sold, order });
  const { service: made } = await retryService(of.context, of.allocate, ADMIN, '12');
  t.match(made, {
    generation: 2,
    plan: { diskGb: 33 },
    userId: '7',
    locale: 'de',
    order,
    site: { subdomain: 'shop', domainWish: { name: 'a.example', problem: null } },
  });
  const odd = ordering({ ...service, order: { ...order, email: 'x' } });
  await t.rejects(retryService(odd.context, odd.allocate, ADMIN, '12'), { code: 'invalid_request' });
});
