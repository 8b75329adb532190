import t from 'tap';
import { happenings } from '../../src/model/event.js';
import type { Job } from '../../src/model/job.js';
import type { CustomDomain } from '../../src/model/site.js';
import type { Changes } from '../fakes/parts.js';
import { aJob, aService, basicPlan } from '../fakes/samples.js';

const told = (before: Changes | undefined, after: Changes) =>
  happenings(before && aService(before), aService(after));
const types = (before: Changes, after: Changes): string[] => told(before, after).map(({ type }) => type);
const DELETION = { requestedAt: '', purgeAt: '2026-01-08T00:00:00.000Z' };

t.test('an order is told with what was ordered, also in a new life of the id', async (t) => {
  const data = { plan: 'basic', email: 'anna@example.com', fqdn: 'anna.sandbox.test' };
  t.same(told(undefined, {}), [{ type: 'service.ordered', data }]);
  t.same(told({ lifecycle: 'terminated' }, { generation: 2 }), [{ type: 'service.ordered', data }]);
  t.match(told(undefined, { site: null }), [{ data: { fqdn: null } }]);
  t.same(told({}, {}), []);
});

t.test('a change of the lifecycle is told by what it means', async (t) => {
  const gone = { vmid: null, addresses: [] };
  for (const [before, after, expected] of [
    [{ lifecycle: 'creating' }, { lifecycle: 'active' }, ['service.active']],
    [{ lifecycle: 'failed' }, { lifecycle: 'active' }, ['service.active']],
    [{ lifecycle: 'creating' }, { lifecycle: 'failed' }, ['service.failed']],
    [{ lifecycle: 'failed' }, { lifecycle: 'creating' }, []],
    [{ lifecycle: 'active' }, { lifecycle: 'suspended' }, ['service.suspended']],
    [{ lifecycle: 'suspended' }, { lifecycle: 'active' }, ['service.unsuspended']],
    [{ lifecycle: 'active' }, { lifecycle: 'terminated' }, ['service.terminated']],
    [{ lifecycle: 'active' }, { lifecycle: 'terminated', ...gone }, ['service.terminated', 'service.purged']],
    [
      { lifecycle: 'active', guest: null },
      { lifecycle: 'terminated', guest: null },
      ['service.terminated', 'service.purged'],
    ],
    [{ lifecycle: 'terminated' }, { lifecycle: 'terminated', ...gone }, ['service.purged']],
    [{ lifecycle: 'terminated', ...gone }, { lifecycle: 'terminated', ...gone }, []],
    [{ lifecycle: 'terminated', guest: null }, { lifecycle: 'terminated', guest: null }, []],
    [{ lifecycle: 'active' }, { lifecycle: 'active', ...gone }, []],
    [{ lifecycle: 'terminated' }, { lifecycle: 'creating' }, ['service.restored']],
    [{ lifecycle: 'terminated' }, { lifecycle: 'active' }, ['service.restored']],
  ] as const)
    t.same(types(before, after), expected, `${before.lifecycle} -> ${after.lifecycle}`);
  t.match(told({ lifecycle: 'active' }, { lifecycle: 'terminated', deletion: DELETION }), [
    { data: { purge_at: DELETION.purgeAt } },
  ]);
});

t.test('a suspension is told with its reasons, and again when they change', async (t) => {
  const suspended = (...suspendedFor: ('billing' | 'abuse')[]) =>
    ({ lifecycle: 'suspended', suspendedFor }) as const;
  t.same(told({ lifecycle: 'active' }, suspended('billing')), [
    { type: 'service.suspended', data: { suspended_for: ['billing'] } },
  ]);
  t.match(told(suspended('billing'), suspended('billing', 'abuse')), [
    { data: { suspended_for: ['billing', 'abuse'] } },
  ]);
  t.same(told(suspended('billing'), suspended('billing')), []);
  t.same(types({ lifecycle: 'creating' }, { lifecycle: 'creating', suspendedFor: ['billing'] }), []);
});

t.test('a failure is told with the job that failed last, and its error', async (t) => {
  const job = (id: string, status: Job['status'], also: Partial<Job> = {}) => aJob({ id, status, ...also });
  const error = {
    code: 'dns_failed' as const,
    message: 'No.',
    retryable: false,
    detail: 'secret',
    step: 'dns',
  };
  const failed = (...jobs: Job[]) =>
    told({ lifecycle: 'creating', jobs }, { lifecycle: 'failed', jobs }).find(
      ({ type }) => type === 'service.failed',
    )?.data;
  t.same(failed(job('a', 'failed', { error })), {
    ...{ job_id: 'a', method: 'create', error: { code: 'dns_failed', message: 'No.', step: 'dns' } },
  });
  t.match(failed(job('a', 'failed'), job('b', 'stuck'), job('c', 'queued')), { job_id: 'b', error: null });
  t.same(failed(), {});
  const { step: _, ...stepless } = error;
  t.match(failed(job('a', 'failed', { error: stepless })), { error: { step: null } });
});

t.test('a change of plan, owner, primary domain and proxy is told with what is new', async (t) => {
  for (const [change, type, data] of [
    [{ plan: { ...basicPlan, name: 'pro' } }, 'service.plan_changed', { from: 'basic', to: 'pro' }],
    [{ email: 'b@example.com' }, 'service.owner_changed', { email: 'b@example.com', user_id: null }],
    [{ userId: '7' }, 'service.owner_changed', { email: 'anna@example.com', user_id: '7' }],
    [{ primaryDomain: 'a.example' }, 'domain.primary_changed', { domain: 'a.example' }],
    [{ proxyEnabled: false }, 'proxy.toggled', { enabled: false }],
  ] as const)
    t.same(told({}, change), [{ type, data }]);
  t.same(told({}, { plan: { ...basicPlan, diskGb: 40 } }), []);
  t.same(told({ site: null }, { site: null }), []);
});

t.test('a domain is told when it comes, goes, is certified, and is switched off or on', async (t) => {
  const domain = (
    also: Partial<CustomDomain> = {},
    state: CustomDomain['certificate']['state'] = 'none',
  ): CustomDomain => ({
    ...{ domain: 'a.example', www: false, provenBy: 'txt', addedAt: '' },
    certificate: { state, expiresAt: null, problem: null },
    ...also,
  });
  const change = (before: CustomDomain[], after: CustomDomain[]) =>
    told({ domains: before }, { domains: after });
  t.same(change([], [domain()]), [{ type: 'domain.added', data: { domain: 'a.example' } }]);
  t.same(change([domain()], []), [{ type: 'domain.removed', data: { domain: 'a.example' } }]);
  t.same(change([domain()], [domain()]), []);
  t.same(change([domain()], [domain({}, 'issued')]), [
    {
      type: 'domain.certificate_changed',
      data: { domain: 'a.example', state: 'issued', expires_at: null, names: ['a.example'], problem: null },
    },
  ]);
  const issued = (expiresAt: string, names?: string[]) =>
    domain({ certificate: { state: 'issued', expiresAt, problem: null, ...(names ? { names } : {}) } });
  t.match(change([issued('1')], [issued('2')]), [
    { type: 'domain.certificate_changed', data: { expires_at: '2' } },
  ]);
  t.match(change([issued('1', ['a.example'])], [issued('1', ['b.example'])]), [
    { data: { names: ['b.example'] } },
  ]);
  const stray = (off: boolean) => domain({ stray: { since: '', problem: 'elsewhere', off } });
  t.same(change([stray(false)], [stray(true)]), [
    { type: 'domain.disabled', data: { domain: 'a.example', problem: 'elsewhere' } },
  ]);
  t.same(change([stray(true)], [domain()]), [{ type: 'domain.enabled', data: { domain: 'a.example' } }]);
  t.same(change([domain()], [stray(false)]), []);
});

t.test("a backup is told when it is made and removed; the agent's own snapshots are not", async (t) => {
  const snapshots = (...kinds: ('backup' | 'safety' | 'initial')[]) => ({
    snapshots: kinds.map((kind) => ({ name: `${kind}-1`, kind, createdAt: '' })),
  });
  t.same(told(snapshots(), snapshots('backup', 'safety')), [
    { type: 'backup.made', data: { name: 'backup-1' } },
  ]);
  t.same(told(snapshots('backup', 'initial'), snapshots()), [
    { type: 'backup.removed', data: { name: 'backup-1' } },
  ]);
});

t.test('a job is told when it is queued and when it ends, once', async (t) => {
  const jobs = (status: Job['status'], also: Partial<Job> = {}) => ({
    jobs: [aJob({ id: 'a', method: 'stop', status, ...also })],
  });
  const data = { job_id: 'a', method: 'stop' };
  t.same(told({}, jobs('queued')), [{ type: 'job.queued', data }]);
  t.same(told(jobs('queued'), jobs('running')), []);
  for (const status of ['completed', 'failed', 'stuck', 'cancelled'] as const) {
    t.same(told(jobs('running'), jobs(status)), [{ type: `job.${status}`, data: { ...data, error: null } }]);
    t.same(told(jobs(status), jobs(status)), []);
    t.same(types({}, jobs(status)), ['job.queued', `job.${status}`], 'it ended at once');
  }
});
