import t from 'tap';
import type { Job } from '../../src/model/job.js';
import { readStatus, viewStatus } from '../../src/services/read-status.js';
import type { Changes } from '../fakes/parts.js';
import { aGuest, aJob, aService, aStep, basicPlan } from '../fakes/samples.js';
import { operations, PANEL } from '../fakes/operations.js';

const WILDCARD = { issuer: 'Test CA', expires_at: '2026-02-01T00:00:00.000Z' };

function status(also: Changes = {}, change: (of: ReturnType<typeof operations>) => void = () => {}) {
  const of = operations();
  const nodes = [{ name: 'pve1', online: true, memoryBytes: 0, memoryUsedBytes: 0 }];
  of.cluster.view = { at: 0, nodes, guests: [aGuest(1000)], storages: [] };
  change(of);
  return viewStatus(
    { ...of.context, certificate: () => WILDCARD },
    aService({ lifecycle: 'active', ...also }),
  );
}

t.test('a status tells who a service is, what it has and how it does', async (t) => {
  t.match(status({ node: 'pve2', suspendedFor: [] }), {
    service_id: '12',
    plan: 'basic',
    provision_status: 'completed',
    status: 'running',
    power: 'running',
    reachable: true,
    node: 'pve1',
    vmid: 1000,
    private_ip: '10.77.0.10',
    subdomain: 'anna',
    fqdn: 'anna.sandbox.test',
    url: 'https://anna.sandbox.test',
    public_ip: '203.0.113.10',
    public_ips: ['203.0.113.10'],
    domains: ['anna.sandbox.test'],
    primary_domain: 'anna.sandbox.test',
    quota: { domains: { used: 0, allowed: 3 }, backups: { used: 0, allowed: 2 } },
    job: null,
    error: null,
    purge_at: null,
    resources: { cpu: '0.5%', memory: '512MB / 2048MB', disk: '3GB / 20GB', uptime: '1 minute' },
    usage: {
      memory_bytes: 512 * 1024 ** 2,
      disk_limit_bytes: 20 * 1024 ** 3,
      uptime_seconds: 60,
      network_in_bytes: 1,
    },
    proxy: { enabled: true, certificate: WILDCARD },
    drift: [],
    stale_since: null,
  });
});

t.test('what is not known is unknown, and the plan says how much there is', async (t) => {
  const none = (also: Changes = {}) => status(also, ({ cluster }) => (cluster.view = undefined));
  t.match(none({ node: 'pve2' }), {
    node: 'pve2',
    resources: { cpu: 'unknown', memory: 'unknown / 2048MB', disk: 'unknown / 20GB', uptime: 'unknown' },
    usage: { cpu: null, memory_bytes: null, memory_limit_bytes: 2048 * 1024 ** 2, disk_bytes: null },
  });
  t.match(none({ diskGb: 50 }).usage, { disk_limit_bytes: 50 * 1024 ** 3 });
  t.match(none({ diskGb: 10 }).usage, { disk_limit_bytes: 20 * 1024 ** 3 });
  t.match(status({ guest: null, site: null }), {
    ...{
      vmid: null,
      private_ip: null,
      node: null,
      url: null,
      fqdn: null,
      domains: [],
      power: null,
      status: 'active',
    },
    resources: { memory: 'unknown / unknown', disk: 'unknown / unknown' },
    usage: { memory_limit_bytes: null, disk_limit_bytes: null },
    proxy: { enabled: false, certificate: null },
  });
});

t.test('a proxy counts as enabled while the site is served', async (t) => {
  for (const [also, enabled] of [
    [{ lifecycle: 'suspended' }, true],
    [{ lifecycle: 'creating' }, false],
    [{ lifecycle: 'terminated' }, false],
    [{ proxyEnabled: false }, false],
  ] as const)
    t.equal(status(also).proxy.enabled, enabled, JSON.stringify(also));
});

t.test("the certificate is the primary domain's own", async (t) => {
  const domains = [
    {
      ...{ domain: 'example.com', www: true, provenBy: 'routing' as const, addedAt: '' },
      certificate: { state: 'issued' as const, expiresAt: null, problem: null },
    },
  ];
  t.equal(status({ domains, primaryDomain: 'www.example.com' }).proxy.certificate, null, 'none is held');
  t.same(status({ domains }).domains, ['anna.sandbox.test', 'example.com']);
  t.match(status({ domains }).quota, { domains: { used: 1 } });
});

t.test('a date of purge is told while something is held', async (t) => {
  const deletion = { requestedAt: '', purgeAt: '2026-03-01T00:00:00.000Z' };
  t.equal(status({ lifecycle: 'terminated', deletion }).purge_at, '2026-03-01T00:00:00.000Z');
  t.equal(status({ lifecycle: 'terminated', deletion, vmid: null }).purge_at, null);
});

t.test('the job of a status is the stuck one, else the one under way', async (t) => {
  const job = (id: string, state: Job['status'], also: Partial<Job> = {}) =>
    aJob({ id, status: state, ...also });
  const told = (...jobs: Job[]) => status({ jobs }).job;
  t.equal(told(job('a', 'completed')), null);
  t.match(told(job('a', 'failed'), job('b', 'queued'), job('c', 'queued')), { id: 'b', status: 'queued' });
  t.match(told(job('a', 'queued'), job('b', 'stuck')), { id: 'b', status: 'stuck' });
  const steps = [aStep('one', { status: 'done' }), aStep('two', { status: 'running' })];
  const waiting = { for: 'DNS', since: 's', until: 'u' };
  const remains = [{ step: 'one', thing: 'dns' as const, what: 'DNS record x' }];
  t.same(told(job('a', 'waiting', { steps, waiting, remains })), {
    ...{ id: 'a', method: 'create', status: 'waiting', step: 'two', steps_done: 1, steps_total: 2 },
    waiting: { for: 'DNS', reason: null, since: 's', until: 'u' },
    remains: ['the DNS record'],
  });
});

t.test('the error of a status is that of the last failure, or of the job under way', async (t) => {
  const error = { code: 'dns_failed' as const, message: 'No.', retryable: false, step: 'dns' };
  const failed = aJob({ id: 'a', status: 'failed', error });
  const open = (also: Partial<Job> = {}) => aJob({ id: 'b', status: 'running', ...also });
  const done = aJob({ id: 'c', status: 'completed' });
  const told = (jobs: Job[], also: Changes = {}) => status({ jobs, ...also }).error;
  t.same(told([failed]), { code: 'dns_failed', message: 'No.', step: 'dns', detail: null });
  t.match(told([failed], { lifecycle: 'failed' }), { code: 'dns_failed' });
  t.equal(told([failed, done]), null, 'it has done something well since then');
  t.match(told([failed, done], { lifecycle: 'failed' }), { code: 'dns_failed' }, 'but it is no site');
  t.equal(told([failed, open()]), null);
  t.match(told([open({ error })]), { code: 'dns_failed' });
  t.match(told([{ ...failed, status: 'stuck' }, done]), { code: 'dns_failed' });
  t.equal(told([{ ...failed, status: 'completed' }]), null);
});

t.test('a difference from the records is told by its part and date', async (t) => {
  const since = Date.parse('2026-01-01T00:00:00Z');
  const found = [{ item: { part: 'dns', problem: 'missing' }, since }];
  const differs = status({}, ({ drift }) => (drift.found = found));
  t.same(differs.drift, [{ part: 'dns', problem: 'missing', since: '2026-01-01T00:00:00.000Z' }]);
});

t.test("a service is found by the caller's panel", async (t) => {
  const { context } = operations(aService({ plan: { ...basicPlan, name: 'pro' } }));
  const sources = { ...context, certificate: () => null };
  t.match(await readStatus(sources, PANEL, '12'), { plan: 'pro', proxy: { certificate: null } });
  await t.rejects(readStatus(sources, { panel: 'staging' }, '12'), { code: 'service_not_found' });
});
