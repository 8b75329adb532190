import t from 'tap';
import { testConfig } from '../fakes/config.js';
import { makeRig, ORDER, type Rig, view } from '../http/harness.js';
import { aJob } from '../fakes/samples.js';
import type { Plan } from '../../src/model/plan.js';
import { deleteSite } from '../../src/services/delete-site.js';
import type { Changes } from '../fakes/parts.js';

const KEY = 'default/12345';

async function site(also: Changes = {}): Promise<Rig> {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  await rig.call('POST', '/create-site', ORDER);
  await rig.change(KEY, () => ({
    lifecycle: 'active',
    activeAt: '2026-03-01T12:00:00.000Z',
    jobs: [],
    ...also,
  }));
  return rig;
}

t.test('what could not be purged is tried again by the same call', async (t) => {
  const rig = await site({
    lifecycle: 'terminated',
    deletion: { requestedAt: '2026-02-01T00:00:00.000Z', purgeAt: '2026-02-08T00:00:00.000Z' },
    jobs: [aJob({ id: 'p', method: 'purge', status: 'stuck', endedAt: '2026-02-08T00:01:00.000Z' })],
  });
  const answer = await rig.call('POST', '/delete-site', { service_id: 12345 });
  t.equal(answer.status, 202);
  const { jobs } = await rig.state.services.get(KEY);
  t.match(jobs, [
    { method: 'purge', status: 'stuck' },
    { method: 'purge', status: 'queued' },
  ]);
});

t.test(
  'a suspension is recorded with the request, and reasons beyond the bill are the operator’s',
  async (t) => {
    const rig = await site();
    const call = (path: string, reason?: string, token?: string) =>
      rig.call('POST', path, { service_id: '12345', ...(reason === undefined ? {} : { reason }) }, token);
    t.equal((await call('/suspend')).status, 202);
    t.match(await rig.state.services.get(KEY), { lifecycle: 'suspended', suspendedFor: ['billing'] });
    t.match(await rig.call('POST', '/action/stop', { service_id: '12345' }), {
      status: 403,
      body: { code: 'service_suspended', error: 'The service is suspended.' },
    });
    t.match(await call('/unsuspend', 'abuse'), { status: 403, body: { code: 'forbidden' } });
    t.match(await call('/suspend', 'admin'), { status: 403, body: { code: 'forbidden' } });
    t.equal((await call('/suspend', 'admin', rig.tokens.admin)).status, 202);
    t.equal((await call('/suspend', 'abuse')).status, 202);
    t.equal((await call('/suspend', 'boredom')).status, 400);
    t.same((await rig.state.services.get(KEY)).suspendedFor, ['billing', 'admin', 'abuse']);
  },
);

t.test('a second upgrade queues; a backup under way counts into the quota, and is joined', async (t) => {
  const rig = await site();
  const upgrade = (plan: string) => rig.call('POST', '/wp/upgrade/', { service_id: '12345', plan });
  const first = await upgrade('premium');
  t.equal(first.status, 202);
  t.equal((await upgrade('PREMIUM')).body['job_id'], first.body['job_id']);
  t.not((await upgrade('WordPress Basic')).body['job_id'], first.body['job_id']);
  t.equal((await rig.state.services.get(KEY)).plan.name, 'basic', 'not before it is done');
  const backup = await rig.call('POST', '/action/mkbak', { service_id: '12345' });
  const again = await rig.call('POST', '/action/mkbak', { service_id: '12345' });
  t.equal(again.body['job_id'], backup.body['job_id']);
  const service = await rig.state.services.get(KEY);
  t.same(service.guest?.lastBackup, { day: '01032026', number: 1 });
  t.match(service.jobs.at(-1), { args: { name: 'BAK01032026-1' }, interactive: true });
  t.match((await rig.call('GET', '/action/getbak?service_id=12345')).body, { backups: [], used: 1 });
});

t.test('the brake counts what is asked at the same moment', async (t) => {
  const rig = await site();
  rig.config.deletion.brake = 2;
  for (const id of ['a', 'b', 'c']) {
    rig.cluster.used.clear();
    await rig.call('POST', '/create-site', { ...ORDER, service_id: id });
  }
  const answers = await Promise.all(
    ['12345', 'a', 'b', 'c'].map((id) => rig.call('POST', '/delete-site', { service_id: id })),
  );
  t.ok(answers.every(({ status }) => status === 202));
  const services = await Promise.all(
    ['12345', 'a', 'b', 'c'].map((id) => rig.state.services.get(`default/${id}`)),
  );
  const held = services.filter(({ jobs }) => jobs.at(-1)?.waiting !== undefined);
  t.equal(held.length, 2);
  t.equal(rig.log.filter((line) => line.includes('"alarm":"deletion_brake"')).length, 2);
});

t.test(
  'the brake remembers over a restart what it let through, also what has not come to its end',
  async (t) => {
    const rig = await site();
    rig.config.deletion.brake = 1;
    rig.cluster.used.clear();
    await rig.call('POST', '/create-site', { ...ORDER, service_id: 'a' });
    await rig.call('POST', '/delete-site', { service_id: '12345' });
    // what a start finds: the same records, and nothing in memory
    const afterwards = { ...rig.deps, state: { ...rig.state } };
    const { job } = await deleteSite(afterwards, { panel: 'default', requestId: 'r' }, 'a');
    t.match(job, { waiting: { for: 'release by an operator' } });
  },
);

t.test('a purge that was given up is begun anew by the same call', async (t) => {
  const rig = await site({
    lifecycle: 'terminated',
    deletion: {
      requestedAt: '2026-02-01T00:00:00.000Z',
      purgeAt: '2026-02-08T00:00:00.000Z',
      leftBehind: ['container 10000 on pve1'],
    },
    jobs: [aJob({ id: 'p', method: 'purge', status: 'failed', endedAt: '2026-02-08T00:01:00.000Z' })],
  });
  const answer = await rig.call('POST', '/delete-site', { service_id: 12345 });
  t.match(answer, { status: 202, body: { status: 'terminated' } });
  const again = await rig.call('POST', '/delete-site', { service_id: 12345 });
  t.equal(again.body['job_id'], answer.body['job_id']);
  t.match((await rig.state.services.get(KEY)).jobs, [{ status: 'failed' }, { method: 'purge' }]);
});

t.test('the same call again joins its job although others wait behind it', async (t) => {
  const snapshots = ['BAK01032026-1', 'BAK01032026-2'].map((name) => ({
    name,
    kind: 'backup' as const,
    createdAt: '2026-03-01T00:00:00.000Z',
  }));
  const rig = await site({ snapshots });
  const post = async (path: string, body: object = {}) =>
    rig.call('POST', path, { service_id: '12345', ...body });
  const removal = await post('/action/delbak', { bak: 'BAK01032026-1' });
  await post('/action/start');
  await post('/action/delbak', { bak: 'BAK01032026-2' });
  const again = await post('/action/delbak', { bak: 'BAK01032026-1' });
  t.match(again, { status: 202, body: { job_id: removal.body['job_id'] } });
  const change = { email: 'new@example.com' };
  const owner = await rig.call('PATCH', '/services/12345', change);
  t.equal(owner.status, 202);
  await post('/action/mkbak');
  t.match(await rig.call('PATCH', '/services/12345', change), {
    status: 202,
    body: { job_id: owner.body['job_id'] },
  });
  const { jobs, userId } = await rig.state.services.get(KEY);
  const { args } = jobs.find(({ id }) => id === owner.body['job_id']) ?? {};
  t.match(args, { email: change.email, email_before: ORDER.email }, 'what a failure goes back to');
  const other = await rig.call('PATCH', '/services/12345', { ...change, user_id: 'u-2' });
  t.not(other.body['job_id'], owner.body['job_id'], 'a user that the first call did not name');
  t.match(await rig.state.services.get(KEY), { userId: 'u-2' });
  t.not(userId, 'u-2');
});

t.test('a smaller plan that is on its way holds for what is asked behind it', async (t) => {
  const [, premium] = testConfig().plans;
  const snapshots = ['a', 'b'].map((name) => ({
    name,
    kind: 'backup' as const,
    createdAt: '2026-03-01T00:00:00.000Z',
  }));
  const rig = await site({ plan: { ...premiumOf(premium), diskGb: 20 }, snapshots });
  const post = (path: string, body: object = {}) => rig.call('POST', path, { service_id: '12345', ...body });
  t.equal((await post('/wp/upgrade', { plan: 'basic' })).status, 202);
  t.match(await post('/action/mkbak'), {
    status: 409,
    body: { code: 'quota_reached', error: 'Backup limit reached (2 of 2)' },
  });
  await rig.change(KEY, () => ({ jobs: [] }));
  t.equal((await post('/action/mkbak')).status, 202, 'without it there is room');
  rig.config.upgrade.smaller_plan = 'refuse';
  t.match(await post('/wp/upgrade', { plan: 'basic' }), {
    status: 409,
    body: { code: 'plan_too_small', error: /it allows 2 backups, but 3 are kept/ },
  });
});

t.test('a storage without snapshots is told of services that are there and may be changed', async (t) => {
  const rig = await site();
  rig.cluster.view = { ...view(), snapshots: 'none' };
  for (const [path, also] of [
    ['/action/mkbak', {}],
    ['/action/reset', {}],
    ['/action/rollback', { bak: 'BAK01032026-1' }],
  ] as const) {
    const code = async (id: string) =>
      (await rig.call('POST', path, { service_id: id, ...also })).body['code'];
    t.equal(await code('nobody'), 'service_not_found', path);
    t.equal(await code('12345'), 'snapshots_unavailable', path);
    await rig.change(KEY, () => ({ lifecycle: 'suspended', suspendedFor: ['billing'] }));
    t.equal(await code('12345'), 'service_suspended', path);
    await rig.change(KEY, () => ({ lifecycle: 'active', suspendedFor: [] }));
  }
});

t.test('a service that was deleted gets no other owner', async (t) => {
  const rig = await site({ lifecycle: 'terminated', deletion: { requestedAt: 'x', purgeAt: 'y' } });
  t.match(await rig.call('PATCH', '/services/12345', { email: 'eve@example.com' }), {
    status: 409,
    body: { code: 'service_terminated' },
  });
  t.equal((await rig.state.services.get(KEY)).email, ORDER.email, 'who may have it back stays');
});

function premiumOf(plan: Plan | undefined): Plan {
  if (!plan) throw new Error('the test config has lost a plan');
  return plan;
}
