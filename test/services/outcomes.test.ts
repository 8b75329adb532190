import t from 'tap';
import { AgentError, type ErrorRecord, toRecord } from '../../src/kernel/errors.js';
import { Secret } from '../../src/kernel/secret.js';
import type { Job } from '../../src/model/job.js';
import type { JobKind } from '../../src/model/job-kinds.js';
import type { CustomDomain } from '../../src/model/site.js';
import type { Service } from '../../src/model/service.js';
import { failedOrders } from '../../src/model/failed-order.js';
import { withJob } from '../../src/services/outcomes.js';
import { aJob, aService } from '../fakes/samples.js';
import { type Changes, flat } from '../fakes/parts.js';

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

  const site = (jobs: Job[], also: Changes = {}): Service => aService({ lifecycle: 'active', jobs, ...also });
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

/** A site with everything that an end could take away, and this job under way with another behind it. */
function fullSite(method: JobKind, also: Changes = {}, args: Job['args'] = {}) {
  const running = aJob({ id: 'running', method, status: 'running', createdAt: EARLIER, args });
  const behind = aJob({ id: 'behind', method: 'upgrade' });
  const service = aService({
    lifecycle: 'active',
    node: 'pve1',
    snapshots: [{ name: 'BAK01012026-1', kind: 'backup', createdAt: EARLIER }],
    lastBackup: { day: '01012026', number: 1 },
    suspendedFor: ['abuse'],
    secrets: { admin_password: new Secret('x') },
    domains: [own],
    domainWish: { name: 'later.example.com', nextAt: NOW, until: NOW, tries: 0, problem: null },
    primaryDomain: own.domain,
    ...also,
    jobs: [running, behind],
  });
  const after = (how: Partial<Job>) => flat(withJob(service, { ...running, endedAt: NOW, ...how }, NOW));
  return { service: flat(service), after };
}
const EARLIER = '2026-01-01T00:00:00.000Z';
const own: CustomDomain = {
  domain: 'shop.example.com',
  www: false,
  provenBy: 'routing',
  certificate: { state: 'none', expiresAt: null, problem: null },
  addedAt: EARLIER,
};
const bare = { vmid: null, node: null, addresses: [], snapshots: [] };
const cancelled = { id: 'behind', cancel: { at: NOW, undo: false } };

t.test('of a site that could not be made nothing is left, nor does anything wait for it', async (t) => {
  const { after } = fullSite('create', { lifecycle: 'creating' });
  t.match(after({ status: 'failed' }), {
    ...bare,
    lifecycle: 'failed',
    suspendedFor: [],
    jobs: [{}, cancelled],
  });
  t.match(after({ status: 'failed', abandonedAt: NOW }), {
    ...bare,
    lifecycle: 'failed',
    jobs: [{}, cancelled],
  });
  const remains = [{ step: 'container', thing: null, what: 'container 1000' }];
  t.match(
    after({ status: 'failed', abandonedAt: NOW, remains }),
    { lifecycle: 'failed', vmid: 1000, node: 'pve1', addresses: [{}], jobs: [{}, cancelled] },
    'what may still be there keeps its number',
  );
  t.match(
    after({ status: 'completed' }),
    { lifecycle: 'suspended', suspendedFor: ['abuse'] },
    'as was wanted meanwhile',
  );
});

t.test('a site that was not brought back is kept as before, without what waited for it', async (t) => {
  const { service, after } = fullSite('restore', { lifecycle: 'creating' });
  for (const how of [{}, { abandonedAt: NOW }]) {
    const { jobs, ...rest } = after({ status: 'failed', ...how });
    t.match(jobs, [{}, cancelled]);
    t.same({ ...rest, jobs: [] }, { ...service, lifecycle: 'terminated', updatedAt: NOW, jobs: [] });
  }
});

t.test(
  'a deleted site keeps what its return needs, and a purged one nothing but its tombstone',
  async (t) => {
    const gone = { lifecycle: 'terminated', domains: [], primaryDomain: 'anna.sandbox.test' };
    const kept = fullSite('delete', {}, { hold_s: 60 }).after({ status: 'completed' });
    t.match(kept, {
      ...gone,
      vmid: 1000,
      snapshots: [{}],
      suspendedFor: ['abuse'],
      lastBackup: { number: 1 },
    });
    t.equal(kept.secrets['admin_password']?.reveal(), 'x');
    t.equal(kept.domainWish, undefined);
    const tombstone = { ...gone, ...bare, suspendedFor: [], lastBackup: null, secrets: {} };
    const deletion = { requestedAt: EARLIER, purgeAt: EARLIER, leftBehind: ['x'] };
    for (const [method, also, args] of [
      ['delete', {}, { hold_s: 0 }],
      ['delete', {}, {}],
      ['purge', { lifecycle: 'terminated', deletion }, {}],
      ['forget', {}, {}],
    ] as const) {
      const after = fullSite(method, also, args).after({ status: 'completed' });
      t.match(after, tombstone, method);
      t.equal(Object.keys(after.secrets).length, 0);
      t.equal(after.domainWish, undefined);
      t.equal(after.domains.length + after.addresses.length + after.snapshots.length, 0);
    }
    const purged = fullSite('purge', { lifecycle: 'terminated', deletion }).after({ status: 'completed' });
    t.same(purged.deletion, { requestedAt: EARLIER, purgeAt: EARLIER }, 'nothing is left behind any more');
    const now = fullSite('delete').after({ status: 'completed' });
    t.same(now.deletion, { requestedAt: EARLIER, purgeAt: NOW });
  },
);

t.test('what an operator let go of is listed', async (t) => {
  const { deletion } = fullSite('forget').after({ status: 'completed' });
  t.same(deletion?.leftBehind, [
    'container 1000 on pve1',
    'snapshot BAK01012026-1 of container 1000',
    'HA resource of container 1000, if there is one',
  ]);
  const never = fullSite('forget', { vmid: null }).after({ status: 'completed' });
  t.same(never.deletion?.leftBehind, []);
  const remains = [{ step: 'container', thing: null, what: 'container 1000' }];
  const held = { lifecycle: 'terminated', deletion: { requestedAt: EARLIER, purgeAt: NOW } } as const;
  const abandoned = fullSite('purge', held).after({ status: 'failed', abandonedAt: NOW, remains });
  t.same(abandoned.deletion, { ...held.deletion, leftBehind: ['container 1000'] });
});

t.test('reasons of a suspension add up, and only the lifted one goes', async (t) => {
  const args = { reason: 'billing' };
  const { after } = fullSite('suspend', { lifecycle: 'suspended' }, args);
  t.match(after({ status: 'completed' }).suspendedFor, ['abuse', 'billing']);
  const both = { lifecycle: 'suspended', suspendedFor: ['abuse', 'billing'] } as const;
  t.match(fullSite('unsuspend', both, args).after({ status: 'completed' }), {
    lifecycle: 'suspended',
    suspendedFor: ['abuse'],
  });
  t.match(
    fullSite('suspend', both, args).after({ status: 'completed' }).suspendedFor,
    ['abuse', 'billing'],
    'once',
  );
});

t.test('a domain that was to be widened goes back to what it was', async (t) => {
  const wide = { ...own, domain: 'example.com', www: true };
  const args = { name: 'www.example.com', domain: 'example.com', www: true, widened: 'www.example.com' };
  const other = { ...own, domain: 'other.example.com' };
  const { domains } = fullSite('addDomain', { domains: [wide, other] }, args).after({ status: 'failed' });
  t.match(domains, [{ domain: 'www.example.com', www: false }, { domain: 'other.example.com' }]);
  const narrow = fullSite('addDomain', { domains: [own, other] }, { domain: own.domain, www: false });
  t.match(narrow.after({ status: 'failed' }).domains, [{ domain: 'other.example.com' }]);
  const unlike = fullSite('addDomain', { domains: [own] }, { domain: own.domain, www: true });
  t.match(
    unlike.after({ status: 'failed' }).domains,
    [{ domain: own.domain }],
    'somebody changed it meanwhile',
  );
});

t.test('what another change has set meanwhile is not taken back', async (t) => {
  const args = { name: own.domain, before: 'anna.sandbox.test' };
  const moved = fullSite('setPrimary', { primaryDomain: 'other.example.com' }, args);
  t.equal(moved.after({ status: 'failed' }).primaryDomain, 'other.example.com');
  const old = fullSite('setPrimary', {}, { name: own.domain });
  t.equal(old.after({ status: 'failed' }).primaryDomain, own.domain, 'a job of an earlier release');
  const toggled = fullSite('toggle', { proxyEnabled: false });
  t.equal(toggled.after({ status: 'failed' }).proxyEnabled, false, 'the same');
});
