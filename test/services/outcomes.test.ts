import t from 'tap';
import { AgentError, type ErrorRecord, toRecord } from '../../src/kernel/errors.js';
import { Secret } from '../../src/kernel/secret.js';
import type { Job } from '../../src/model/job.js';
import type { JobKind } from '../../src/model/job-kinds.js';
import type { Service } from '../../src/model/service.js';
import { failedOrders } from '../../src/model/failed-order.js';
import { withJob } from '../../src/services/outcomes.js';
import { aJob, aService } from '../fakes/samples.js';

const NOW = '2026-01-02T03:04:05.000Z';
const reset = (also: Partial<Job>): Job =>
  aJob({ method: 'resetPassword', status: 'failed', endedAt: NOW, ...also });

/** What is known of the site's password when its reset has ended like this. */
function passwordAfter(ended: Job, next = true): string | undefined {
  const service: Service = aService({
    lifecycle: 'active',
    secrets: {
      admin_password: new Secret('old'),
      ...(next ? { admin_password_next: new Secret('new') } : {}),
    },
    jobs: [{ ...ended, status: 'running', endedAt: null }],
  });
  const after = withJob(service, ended, NOW);
  t.notOk(after.secrets['admin_password_next'], 'nothing is left on its way');
  return after.secrets['admin_password']?.reveal();
}

t.test('what is told after a reset of the password is what the site has, or nothing', async (t) => {
  const error = (code: ErrorRecord['code']): ErrorRecord => toRecord(new AgentError(code, ''));
  const cases: readonly (readonly [what: string, job: Partial<Job>, password: string | undefined])[] = [
    ['it is set', { status: 'completed' }, 'new'],
    ['the site has refused it', { error: error('administrator_missing') }, 'old'],
    ['the site was stopped', { error: error('service_stopped') }, 'old'],
    ['its script failed', { error: error('recipe_failed') }, 'old'],
    ['its script was cut short', { error: error('container_host_failed') }, undefined],
    ['its end was not heard', { error: error('container_host_unreachable') }, undefined],
    ['cancelled on the way', { status: 'cancelled', cancel: { at: NOW, undo: true } }, undefined],
  ];
  for (const [what, job, password] of cases) t.equal(passwordAfter(reset(job)), password, what);
  t.equal(
    passwordAfter(reset({ error: error('container_host_unreachable') }), false),
    'old',
    'it never got to the script',
  );
});

t.test(
  'an owner whom the site never heard of is not on record, nor does a later change go back to him',
  (t) => {
    const change = (id: string, email: string, before: string, also: Partial<Job> = {}): Job =>
      aJob({ id, method: 'setEmail', status: 'running', args: { email, email_before: before }, ...also });
    const failed = (job: Job): Job => ({ ...job, status: 'failed', endedAt: NOW });
    const first = change('a', 'ann@example.com', 'old@example.com', {
      args: { email: 'ann@example.com', email_before: 'old@example.com', user_id: '2', user_id_before: '1' },
    });
    const site = aService({ lifecycle: 'active', email: 'ann@example.com', userId: '2', jobs: [first] });
    t.match(withJob(site, failed(first), NOW), { email: 'old@example.com', userId: '1' });
    t.match(
      withJob({ ...site, userId: '3' }, failed(first), NOW),
      { email: 'old@example.com', userId: '3' },
      'another user has come meanwhile',
    );
    t.match(withJob(site, { ...first, status: 'completed', endedAt: NOW }, NOW), {
      email: 'ann@example.com',
    });

    const second = change('b', 'bob@example.com', 'ann@example.com', { status: 'queued' });
    const both = { ...site, email: 'bob@example.com', jobs: [first, second] };
    const after = withJob(both, failed(first), NOW);
    t.equal(after.email, 'bob@example.com', 'the second may still be set');
    const waiting = after.jobs.find(({ id }) => id === 'b') ?? second;
    t.equal(withJob(after, failed(waiting), NOW).email, 'old@example.com');

    const same = change('c', 'ann@example.com', 'ann@example.com', { status: 'queued' });
    const still = withJob({ ...site, jobs: [first, same] }, failed(first), NOW);
    t.equal(still.email, 'ann@example.com', 'tried again by the one behind it');
    t.match(still.jobs.find(({ id }) => id === 'c')?.args, { email_before: 'old@example.com' });

    const older = aJob({ method: 'setEmail', status: 'running', args: { email: 'ann@example.com' } });
    t.equal(
      withJob({ ...site, jobs: [older] }, failed(older), NOW).email,
      'ann@example.com',
      'a job of an earlier release does not know',
    );
    t.end();
  },
);

t.test('a failed order stays on record until it is made again, or nobody wants it any more', (t) => {
  const job = (method: JobKind, status: Job['status'], also: Partial<Job> = {}): Job =>
    aJob({ id: `${method} ${status}`, method, status, endedAt: NOW, ...also });
  const after = (...[ended, ...before]: [Job, ...Job[]]): string[] => {
    const open: Job = { ...ended, status: 'running', endedAt: null };
    const site = aService({ lifecycle: 'active', jobs: [...before, open] });
    return withJob(site, ended, NOW).jobs.map(({ id }) => id);
  };
  const failed = job('upgrade', 'failed');
  t.same(after(job('makeBackup', 'completed'), failed), ['upgrade failed', 'makeBackup completed']);
  t.same(after(job('upgrade', 'completed'), failed), ['upgrade completed']);
  t.same(after(job('delete', 'completed'), failed), ['delete completed']);
  t.same(after(job('suspend', 'completed'), job('unsuspend', 'failed')), ['suspend completed']);
  t.same(after(job('suspend', 'failed'), job('unsuspend', 'failed')), ['unsuspend failed', 'suspend failed']);
  t.same(after(job('makeBackup', 'completed'), job('addDomain', 'failed')), ['makeBackup completed']);

  const site = (jobs: Job[], also: Partial<Service> = {}): Service =>
    aService({ lifecycle: 'active', jobs, ...also });
  const told = (service: Service): string[] => failedOrders(service).map(({ id }) => id);
  t.same(told(site([failed])), ['upgrade failed']);
  t.same(told(site([failed, job('upgrade', 'queued', { endedAt: null })])), [], 'it is made again');
  t.same(told(site([failed, job('delete', 'stuck')])), [], 'it is being deleted');
  t.same(told(site([{ ...failed, abandonedAt: NOW }])), [], 'a person has given it up');
  t.same(told(site([job('create', 'failed')])), [], 'a site that is there was made');
  t.same(told(site([job('create', 'failed')], { lifecycle: 'failed' })), ['create failed']);
  const kept = { deletion: { requestedAt: NOW, purgeAt: NOW }, lifecycle: 'terminated' } as const;
  t.same(told(site([job('restore', 'failed')], kept)), ['restore failed']);
  t.same(told(site([job('restore', 'failed')], { ...kept, vmid: null })), [], 'it was purged meanwhile');
  t.end();
});
