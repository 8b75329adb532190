import t from 'tap';
import { makeRig, ORDER, type Rig } from '../http/rig.js';
import { aJob } from '../fakes/samples.js';
import type { Service } from '../../src/domain/service.js';

const KEY = 'default/12345';

async function site(also: Partial<Service> = {}): Promise<Rig> {
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
  t.same(service.lastBackup, { day: '01032026', number: 1 });
  t.match(service.jobs.at(-1), { args: { name: 'BAK01032026-1' }, interactive: true });
  t.match((await rig.call('GET', '/action/getbak?service_id=12345')).body, { backups: [], used: 1 });
});

t.test(
  'the brake counts what is asked at the same moment, and what was deleted before a restart',
  async (t) => {
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
  },
);
