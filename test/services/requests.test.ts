/** What a request makes of a service, and which job it becomes. */
import t from 'tap';
import { AgentError } from '../../src/kernel/errors.js';
import { FOR_RELEASE, type Job } from '../../src/model/job.js';
import { changeOwner } from '../../src/services/change-owner.js';
import { deleteSite } from '../../src/services/delete-site.js';
import { enqueue } from '../../src/services/enqueue.js';
import { forgetService } from '../../src/services/forget-service.js';
import { purgeDue } from '../../src/services/purge-due.js';
import { siteAction } from '../../src/services/site-action.js';
import { suspend, unsuspend } from '../../src/services/suspend.js';
import { toggle } from '../../src/services/toggle.js';
import type { Changes } from '../fakes/parts.js';
import { aGuest, aJob, aService, basicPlan } from '../fakes/samples.js';
import { ADMIN, type Operations, operations, PANEL } from '../fakes/operations.js';

const NOW = '2026-01-01T00:00:00.000Z';
const at = (ms: number) => new Date(Date.parse(NOW) + ms).toISOString();
const HELD = {
  lifecycle: 'terminated',
  deletion: { requestedAt: NOW, purgeAt: '2026-01-08T00:00:00.000Z' },
} as const;
const site = (also: Changes = {}) => operations(aService({ lifecycle: 'active', activeAt: NOW, ...also }));

t.test('a job keeps what is true when it is asked for', async (t) => {
  const { context, service } = site();
  const { job, joined } = await enqueue(context, PANEL, '12', { method: 'stop' });
  t.notOk(joined);
  t.match(job, {
    ...{
      method: 'stop',
      status: 'queued',
      direction: 'forward',
      interactive: true,
      tags: ['stop'],
      args: {},
    },
    ...{
      requestId: 'req-9',
      attempts: 0,
      exceptions: 0,
      crashes: 0,
      steps: [],
      startedAt: null,
      endedAt: null,
    },
    createdAt: NOW,
    pinned: { module: { type: 'product', name: 'wordpress', version: '1.0.0' }, settings: { title: 'Shop' } },
    policy: { tries: 5, backoffS: 5, timeoutS: 600, maxExceptions: 3, patienceS: 900 },
  });
  t.same(job.pinned.plan, basicPlan);
  t.match(await service(), { updatedAt: NOW, jobs: [{ id: job.id }] });
  const patient = await enqueue(context, PANEL, '12', { method: 'suspend' });
  t.match(patient.job, { interactive: false, policy: { patienceS: 21_600 } }, 'nobody waits at a button');
  const asked = { method: 'suspend', interactive: true, tags: ['a'], args: { reason: 'x' } } as const;
  t.match((await enqueue(context, PANEL, '12', asked)).job, {
    interactive: true,
    tags: ['a'],
    args: { reason: 'x' },
  });
});

t.test('the same request joins, one with other arguments does not', async (t) => {
  const { context, memory } = site();
  const ask = (args: Job['args']) => enqueue(context, PANEL, '12', { method: 'resetPassword', args });
  const first = await ask({ a: 1 });
  const again = await ask({ a: 1 });
  t.match(again, { joined: true, job: { id: first.job.id } });
  t.equal(memory.writes(), 1);
  t.match(await ask({ a: 2 }), { joined: false });
  await t.rejects(enqueue(context, { ...PANEL, panel: 'x' }, '12', { method: 'stop' }), {
    code: 'service_not_found',
  });
  t.equal(memory.writes(), 2);
});

t.test('what a deletion overtakes is cancelled as it stands', async (t) => {
  const { context, service } = site({
    jobs: [aJob({ method: 'stop', status: 'running' }), aJob({ id: 'e', status: 'failed' })],
  });
  const { job } = await enqueue(context, PANEL, '12', { method: 'delete' });
  t.match((await service()).jobs, [{ cancel: { at: NOW, undo: false } }, { id: 'e' }, { id: job.id }]);
  t.equal((await service()).jobs[1]?.cancel, undefined);
});

t.test('a suspension holds at once; the last reason to go lifts it', async (t) => {
  for (const [lifecycle, then] of [
    ['active', 'suspended'],
    ['suspended', 'suspended'],
    ['creating', 'creating'],
  ] as const) {
    const { context, service } = site({
      lifecycle,
      suspendedFor: lifecycle === 'suspended' ? ['abuse'] : [],
    });
    t.match((await suspend(context, PANEL, '12')).job, { method: 'suspend', args: { reason: 'billing' } });
    const reasons = lifecycle === 'suspended' ? ['abuse', 'billing'] : ['billing'];
    t.match(await service(), { lifecycle: then, suspendedFor: reasons }, lifecycle);
    await suspend(context, PANEL, '12');
    t.same((await service()).suspendedFor, reasons, 'each once');
  }
  const of = site({ lifecycle: 'suspended', suspendedFor: ['billing'] });
  t.match((await unsuspend(of.context, PANEL, '12')).job, {
    method: 'unsuspend',
    args: { reason: 'billing' },
  });
  t.match(await of.service(), { lifecycle: 'suspended' }, 'not before the job has ended');
});

t.test('a repeated suspension starts no job, unless the site may be in another state', async (t) => {
  const ended = { method: 'suspend', status: 'completed', endedAt: NOW } as const;
  const asked = async (also: Partial<Job> = {}, change: (of: Operations) => void = () => {}) => {
    const jobs = [aJob({ ...ended, ...also })];
    const of = site({ lifecycle: 'suspended', suspendedFor: ['billing'], vmid: 1000, jobs });
    change(of);
    const { job } = await suspend(of.context, PANEL, '12');
    if (!job) t.same([of.memory.writes(), (await of.service()).jobs.length], [0, 1]);
    return job?.method;
  };
  const shows =
    (status: string, ms: number) =>
    ({ cluster, clock }: Operations): void => {
      const guests = [aGuest(1000, { status })];
      cluster.view = { at: clock.now() + ms, nodes: [], guests, storages: [] };
    };
  t.equal(await asked(), undefined, 'it has just been suspended');
  t.equal(await asked({}, shows('running', 11_000)), undefined, 'the view may be older than the job');
  t.equal(await asked({}, shows('stopped', 12_000)), undefined, 'it was seen stopped');
  t.equal(await asked({}, shows('running', 12_000)), 'suspend', 'it was started by somebody else');
  t.equal(
    await asked({}, ({ cluster, clock }) => {
      cluster.view = { at: clock.now() + 12_000, nodes: [], guests: [], storages: [] };
    }),
    'suspend',
    'it is not there',
  );
  const differs =
    (ms: number) =>
    ({ drift, clock }: Operations) => {
      drift.found = [{ item: { part: 'proxy', problem: 'another state' }, since: clock.now() + ms }];
    };
  t.equal(await asked({}, differs(1)), 'suspend', 'a comparison has found a difference since');
  t.equal(await asked({}, differs(-1)), undefined, 'the difference is older than the job');
  const after = (ms: number) => ({ endedAt: at(-ms) });
  t.equal(await asked(after(3_599_999), shows('stopped', 0)), undefined);
  t.equal(
    await asked(after(3_600_000), shows('stopped', 0)),
    'suspend',
    'once an hour everything is checked again',
  );
  t.equal(await asked(after(-1)), 'suspend', 'the clock was ahead');
  t.equal(await asked({ status: 'failed' }), 'suspend');
  t.equal(await asked({ status: 'stuck' }), 'suspend');
  t.equal(await asked({ method: 'unsuspend' }), 'suspend');

  const other = site({ lifecycle: 'suspended', suspendedFor: ['abuse'], jobs: [aJob(ended)] });
  t.match((await suspend(other.context, PANEL, '12')).job, { method: 'suspend' }, 'another reason is new');
});

t.test('a suspension that is not there is lifted without a job', async (t) => {
  const lifted = async (also: Changes) => (await unsuspend(site(also).context, PANEL, '12')).job?.method;
  t.equal(await lifted({ jobs: [] }), undefined);
  t.equal(await lifted({ lifecycle: 'suspended', suspendedFor: ['abuse'], jobs: [] }), undefined);
  t.equal(
    await lifted({ jobs: [aJob({ method: 'suspend', status: 'stuck' })] }),
    'unsuspend',
    'it resolves that',
  );
  t.equal(
    await lifted({ jobs: [aJob({ method: 'create', status: 'running' })], lifecycle: 'creating' }),
    'unsuspend',
  );
  await t.rejects(lifted({ lifecycle: 'terminated' }), { code: 'service_terminated' });
});

t.test("which reasons are the operator's", async (t) => {
  for (const [reason, mayAdd, mayLift] of [
    ['billing', true, true],
    ['abuse', true, false],
    ['admin', false, false],
  ] as const) {
    const { context } = site();
    const added = suspend(context, PANEL, '12', reason);
    if (mayAdd) t.match((await added).job?.args, { reason });
    else await t.rejects(added, { code: 'forbidden' });
    const lifted = unsuspend(context, PANEL, '12', reason);
    if (mayLift) t.match((await lifted).job?.args, { reason });
    else await t.rejects(lifted, { code: 'forbidden' });
    await suspend(context, ADMIN, '12', reason);
    await unsuspend(context, ADMIN, '12', reason);
  }
});

t.test(
  'a switch goes to what is asked, or the other way round, and joins while it is under way',
  async (t) => {
    const { context, service } = site();
    const off = await toggle(context, PANEL, '12', undefined);
    t.match(off.job, { method: 'toggle', args: { enabled: false, before: true } });
    t.match(await service(), { site: { proxyEnabled: false } });
    for (const again of [undefined, false])
      t.match(await toggle(context, PANEL, '12', again), { joined: true, job: { id: off.job.id } });
    t.match(await toggle(context, PANEL, '12', true), {
      joined: false,
      job: { args: { enabled: true, before: false } },
    });
    await t.rejects(toggle(site({ site: null }).context, PANEL, '12', true), { code: 'not_supported' });
  },
);

t.test("a customer's buttons", async (t) => {
  const snapshots = (['initial', 'later'] as const).map((name) => ({
    name,
    kind: 'initial' as const,
    createdAt: NOW,
  }));
  const act = async (action: 'start' | 'reset', ability?: 'any' | 'newest', also: object = {}) => {
    const of = site({ snapshots });
    if (ability !== undefined && of.cluster.view)
      of.cluster.view = { ...of.cluster.view, snapshots: ability };
    return (await siteAction(of.context, PANEL, '12', { action, ...also })).job;
  };
  t.match(await act('start'), { method: 'start', args: {} });
  t.match(await act('reset'), { method: 'reset', args: { discard_newer: false, safety: true } });
  t.match(await act('reset', 'any'), { args: { safety: true } });
  t.match(await act('reset', 'newest', { discardNewer: true }), {
    args: { discard_newer: true, safety: false },
  });
  await t.rejects(act('reset', 'newest'), { code: 'backup_not_newest' });
  await t.rejects(act('start', undefined, { status: ' Suspended ' }), { code: 'service_suspended' });
  t.match(await act('start', undefined, { status: 'active' }), { method: 'start' });
  const unknown = siteAction(site().context, PANEL, '13', { action: 'start', status: 'suspended' });
  await t.rejects(unknown, { code: 'service_not_found' });
});

t.test('a deletion keeps what was a site for as long as the configuration says', async (t) => {
  const deleted = async (also: Changes, holdS = 3600) => {
    const of = site(also);
    of.config.deletion.hold_s = holdS;
    return (await deleteSite(of.context, PANEL, '12')).job;
  };
  t.match(await deleted({}), { method: 'delete', status: 'queued', args: { hold_s: 3600 } });
  t.match(await deleted({ activeAt: null }), { args: { hold_s: 0 } }, 'it never was one');
  t.equal(await deleted(HELD), undefined, 'it is deleted already');
  t.equal(await deleted({ ...HELD, vmid: null }), undefined);
  const stuck = aJob({ method: 'purge', status: 'stuck', endedAt: NOW });
  t.match(await deleted({ ...HELD, jobs: [stuck] }), { method: 'purge' });
  t.match(await deleted({ ...HELD, deletion: { ...HELD.deletion, leftBehind: [] } }), { method: 'purge' });
});

t.test('a return that failed is not heard of any more once the deletion is asked for again', async (t) => {
  const failed = aJob({ method: 'restore', status: 'failed', endedAt: NOW });
  const other = aJob({ id: 'o', method: 'stop', status: 'failed', endedAt: NOW });
  const of = site({ ...HELD, jobs: [failed, other] });
  t.match(await deleteSite(of.context, PANEL, '12'), { job: undefined, service: { jobs: [{ id: 'o' }] } });
  await deleteSite(of.context, PANEL, '12');
  t.equal(of.memory.writes(), 1);
});

t.test('more deletions in an hour than the brake allows are held for a person', async (t) => {
  const of = operations(
    ...['12', '13', '14'].map((id, n) =>
      aService({ id, lifecycle: 'active', vmid: 1000 + n, addresses: [], subdomain: `s${n}` }),
    ),
  );
  of.config.deletion.brake = 1;
  const remove = async (id: string) => (await deleteSite(of.context, PANEL, id)).job;
  t.match(await remove('12'), { status: 'queued' });
  t.match(await remove('13'), {
    status: 'waiting',
    waiting: { for: FOR_RELEASE, since: NOW, until: /^9999-/ },
  });
  t.match(await remove('13'), { status: 'waiting' }, 'it joins the one that is held');
  t.equal(of.log.filter((line) => line.includes('"deletion_brake"')).length, 1);
  await of.clock.turn(3_600_000 - 1);
  t.match(await remove('14'), { status: 'waiting' });
  await of.clock.turn(1);
  const fresh = operations(aService({ lifecycle: 'active' }));
  fresh.config.deletion.brake = 0;
  t.match((await deleteSite(fresh.context, PANEL, '12')).job, { status: 'waiting' });
});

t.test('the brake lets go after an hour, and counts what was recorded before a start', async (t) => {
  const services = ['12', '13'].map((id, n) =>
    aService({ id, lifecycle: 'active', vmid: 1000 + n, addresses: [], subdomain: `s${n}` }),
  );
  const of = operations(...services);
  of.config.deletion.brake = 1;
  await deleteSite(of.context, PANEL, '12');
  await of.clock.turn(3_600_000);
  t.match((await deleteSite(of.context, PANEL, '13')).job, { status: 'queued' });
  const asked = (ms: number) => {
    const requestedAt = new Date(Date.parse(NOW) + ms).toISOString();
    const deleted = aService({
      id: '99',
      lifecycle: 'terminated',
      vmid: null,
      addresses: [],
      deletion: { requestedAt, purgeAt: requestedAt },
    });
    const after = operations(deleted, aService({ lifecycle: 'active' }));
    after.config.deletion.brake = 1;
    return deleteSite(after.context, PANEL, '12');
  };
  t.match((await asked(-1000)).job, { status: 'waiting' });
  t.match((await asked(-3_600_000)).job, { status: 'queued' });
  t.match((await asked(9_000_000)).job, { status: 'waiting' }, 'by a clock that was ahead');
});

t.test('what is kept of a deleted site is purged when its date has come', async (t) => {
  const held = (id: string, vmid: number, also: Changes = {}) =>
    aService({ ...HELD, id, vmid, addresses: [], subdomain: `s${id}`, ...also });
  const later = { ...HELD.deletion, purgeAt: '2026-01-09T00:00:00.000Z' };
  const last = { ...HELD.deletion, purgeAt: '2026-01-10T00:00:00.000Z' };
  const of = operations(
    held('12', 1000),
    held('13', 1001, { deletion: last }),
    held('14', 1002, { deletion: later }),
    held('15', 1003, { jobs: [aJob({ method: 'restore' })] }),
    held('16', 1004, { jobs: [aJob({ method: 'purge', status: 'stuck', endedAt: NOW })] }),
    held('17', 1005, { deletion: { ...HELD.deletion, leftBehind: ['x'] } }),
  );
  await of.clock.turn(Date.parse(HELD.deletion.purgeAt) - Date.parse(NOW) - 1);
  t.equal(await purgeDue(of.context), Date.parse(HELD.deletion.purgeAt), 'the next is due then');
  t.equal(of.memory.writes(), 0);
  await of.clock.turn(1);
  of.clock.isTrusted = false;
  t.equal(await purgeDue(of.context), undefined);
  t.equal(of.memory.writes(), 0, 'not by a clock that may be wrong');
  of.clock.isTrusted = true;
  t.equal(await purgeDue(of.context), Date.parse(later.purgeAt));
  t.match((await of.service('12')).jobs, [{ method: 'purge', requestId: 'purge-12' }]);
  t.equal(of.memory.writes(), 1);
});

t.test('a purge that cannot be recorded is logged, and the others are not kept waiting', async (t) => {
  const held = (id: string, vmid: number) =>
    aService({ ...HELD, id, vmid, addresses: [], subdomain: `s${id}` });
  const of = operations(held('12', 1000), held('13', 1001));
  const change = of.memory.services.change.bind(of.memory.services);
  of.memory.services.change = async (key, fn) => {
    if (key === 'default/12') throw new AgentError('state_unavailable', 'The disk is full.');
    return change(key, fn);
  };
  await of.clock.turn(Date.parse(HELD.deletion.purgeAt) - Date.parse(NOW));
  await purgeDue(of.context);
  t.match((await of.service('13')).jobs, [{ method: 'purge' }]);
  t.ok(of.log.some((line) => line.includes('purges a deleted service could not be recorded')));
});

t.test('an operator lets go of a service, and the log says what must be removed by hand', async (t) => {
  const of = site({ node: 'pve1', jobs: [aJob({ method: 'stop' })] });
  const { job } = await forgetService(of.context, ADMIN, '12');
  t.match(job, { method: 'forget' });
  t.match((await of.service()).jobs[0], { cancel: { undo: false } });
  t.match(JSON.parse(of.log.at(-1) ?? ''), { alarm: 'forgotten', vmid: 1000, node: 'pve1', token: 'admin' });
});

t.test('a new owner is on record at once, and the site hears of a new address', async (t) => {
  const { context, service } = site({ userId: '1' });
  const { job } = await changeOwner(context, PANEL, '12', { email: ' New@Example.com ', userId: '2' });
  t.match(job, {
    method: 'setEmail',
    args: { email: 'New@example.com', email_before: 'anna@example.com', user_id: '2', user_id_before: '1' },
  });
  t.match(await service(), { email: 'New@example.com', userId: '2' });
  const again = await changeOwner(context, PANEL, '12', { email: 'New@example.com', userId: '2' });
  t.equal(again.job?.id, job?.id, 'the same request joins');
  const alone = await changeOwner(context, PANEL, '12', { email: 'New@example.com' });
  t.equal(alone.job?.id, job?.id);
  const other = await changeOwner(context, PANEL, '12', { email: 'New@example.com', userId: '3' });
  t.not(other.job?.id, job?.id);
});

t.test('a user or a language alone needs no job', async (t) => {
  const { context, service, memory } = site({ locale: 'de' });
  const change = (also: Parameters<typeof changeOwner>[3]) => changeOwner(context, PANEL, '12', also);
  t.match(await change({ userId: '5' }), {
    job: undefined,
    service: { userId: '5', email: 'anna@example.com' },
  });
  t.equal(memory.writes(), 1);
  await change({ userId: '5', email: 'anna@example.com', locale: 'de' });
  t.equal(memory.writes(), 1, 'nothing has changed');
  await change({ userId: null });
  t.equal((await service()).userId, null);
  await change({ locale: ' PT-br ' });
  t.equal((await service()).locale, 'pt-BR');
  await change({ locale: null });
  t.notOk('locale' in (await service()));
  const before = memory.writes();
  await change({ locale: null });
  t.equal(memory.writes(), before);
  await t.rejects(change({ locale: 'german' }), {
    code: 'invalid_request',
    fields: { locale: /language tag/ },
  });
  await t.rejects(change({ email: 'anna' }), {
    code: 'invalid_request',
    fields: { email: /e-mail address/ },
  });
});

t.test('an address that the product cannot hold is refused', async (t) => {
  const of = site();
  of.product.sold = {
    ...of.product.sold,
    declared: { ...of.product.sold.declared, ownerEmail: { maxLength: 14 } },
  };
  await t.rejects(changeOwner(of.context, PANEL, '12', { email: 'new@example.com' }), {
    code: 'invalid_request',
    fields: { email: 'must not be longer than 14 characters in WordPress' },
  });
  t.equal(of.memory.writes(), 0);
});
