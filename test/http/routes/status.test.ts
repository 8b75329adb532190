import t from 'tap';
import { Value } from 'typebox/value';
import { StatusView } from '../../../src/http/schemas/service.js';
import type { JobKind } from '../../../src/model/job-kinds.js';
import type { GuestView } from '../../../src/drivers/guest/contract.js';
import { withLastKnown } from '../../../src/drivers/guest/last-known.js';
import { domainId } from '../../../src/model/custom-domain.js';
import { Secret } from '../../../src/kernel/secret.js';
import { makeCertificate } from '../../fakes/certificate.js';
import { aJob, aService } from '../../fakes/samples.js';
import { guest, makeRig, NOW, type Rig, view } from '../harness.js';
import type { Changes } from '../../fakes/parts.js';

const KEY = 'default/12';
const at = (ms: number): string => new Date(NOW + ms).toISOString();

async function site(also: Changes = {}) {
  const rig = await makeRig();
  const make = (values: Changes) =>
    rig.state.services.commit(KEY, () => aService({ lifecycle: 'active', node: 'pve1', ...also, ...values }));
  await make({});
  const show = (...guests: GuestView[]): void => {
    rig.cluster.view = view(guests);
  };
  show(guest(1000));
  const status = async () => (await rig.call('GET', '/status?service_id=12')).body;
  return { rig, make, show, status };
}

const close = (rig: Rig) => () => rig.close();

t.test('every lifecycle has its words, whatever the container does', async (t) => {
  const { rig, make, status } = await site();
  t.teardown(close(rig));
  const stuck = aJob({ status: 'stuck', endedAt: at(0) });
  const cases: [Changes, string, string][] = [
    [{ lifecycle: 'creating', jobs: [aJob()] }, 'processing', 'pending'],
    [{ lifecycle: 'creating', jobs: [aJob({ attempts: 1, status: 'running' })] }, 'processing', 'processing'],
    [{ lifecycle: 'active' }, 'running', 'completed'],
    [{ lifecycle: 'active', jobs: [stuck] }, 'failed', 'error'],
    [{ lifecycle: 'suspended', suspendedFor: ['billing', 'abuse'] }, 'suspended', 'suspended'],
    [{ lifecycle: 'suspended', jobs: [stuck] }, 'failed', 'error'],
    [{ lifecycle: 'failed' }, 'failed', 'failed'],
    [{ lifecycle: 'terminated' }, 'terminated', 'terminated'],
    [{ lifecycle: 'terminated', jobs: [stuck] }, 'terminated', 'terminated'],
  ];
  for (const [also, word, provision] of cases) {
    await make(also);
    const told = await status();
    t.match(
      told,
      {
        status: word,
        provision_status: provision,
        lifecycle: also.lifecycle,
        suspended_for: also.suspendedFor ?? [],
      },
      JSON.stringify(also),
    );
    const listed = (await rig.call('GET', '/services?ids=12')).body;
    t.match(listed, { services: [{ status: word }] }, 'the list says the same');
  }
});

t.test('what was sold, bought beside and promised is told', async (t) => {
  const domain = {
    domain: 'example.com',
    www: true,
    provenBy: 'routing',
    certificate: { state: 'issued', expiresAt: at(86_400_000), problem: null },
    addedAt: at(0),
  } as const;
  const { rig, make, status } = await site();
  t.teardown(close(rig));
  const id = domainId('example.com');
  const { cert, key } = await makeCertificate(['example.com', 'www.example.com']);
  await rig.state.domains.commit(id, () => ({
    schema: 1,
    id,
    domain: 'example.com',
    registered: 'example.com',
    owner: { panel: 'default', userId: null, email: 'anna@example.com' },
    service: KEY,
    quarantineUntil: null,
    certificate: {
      names: ['example.com', 'www.example.com'],
      chain: cert,
      key: new Secret(key),
      issuedAt: at(0),
      expiresAt: at(86_400_000),
    },
    issued: [],
    refusals: [],
    failures: 0,
    nextAt: null,
    problem: null,
  }));
  await make({
    domains: [domain],
    primaryDomain: 'www.example.com',
    proxyEnabled: false,
    snapshots: [
      { name: 'initial', kind: 'initial', createdAt: at(0) },
      { name: 'BAK01032026-1', kind: 'backup', createdAt: at(0) },
      { name: 'safety', kind: 'safety', createdAt: at(0) },
    ],
  });
  t.match(await status(), {
    url: 'https://www.example.com',
    fqdn: 'anna.sandbox.test',
    domains: ['anna.sandbox.test', 'example.com'],
    primary_domain: 'www.example.com',
    proxy: { enabled: false, certificate: { issuer: 'Test CA', expires_at: at(86_400_000) } },
    quota: { domains: { used: 1, allowed: 3 }, backups: { used: 1, allowed: 2 } },
    purge_at: null,
  });
  await make({ lifecycle: 'terminated', deletion: { requestedAt: at(0), purgeAt: at(604_800_000) } });
  t.match(await status(), { status: 'terminated', purge_at: at(604_800_000), proxy: { enabled: false } });
});

t.test('a container host that does not answer leaves the last known, and says since when', async (t) => {
  const { rig, show, status } = await site();
  t.teardown(close(rig));
  t.match(await status(), { status: 'running', power: 'running', reachable: true, stale_since: null });
  rig.cluster.staleSince = NOW - 60_000;
  t.match(await status(), {
    status: 'running',
    reachable: false,
    stale_since: at(-60_000),
    resources: { memory: '512MB / 2048MB' },
  });
  rig.cluster.staleSince = undefined;
  show();
  t.match(
    await status(),
    { status: 'unknown', power: 'unknown', reachable: false, node: 'pve1' },
    'it is gone',
  );
  rig.cluster.view = undefined;
  t.match(await status(), { status: 'unknown', reachable: false });
});

t.test('a node that is off leaves the last known of its containers', async (t) => {
  const { rig, status } = await site();
  t.teardown(close(rig));
  const before = view([guest(1000, { memoryBytes: 1024 ** 3 }), guest(1001)]);
  const off = {
    ...view([guest(1000, { status: 'unknown', memoryBytes: 0, uptimeS: 0 }), guest(1001, { node: 'pve2' })]),
    at: NOW + 5000,
    nodes: [
      { name: 'pve1', online: false, memoryBytes: 0, memoryUsedBytes: 0 },
      { name: 'pve2', online: true, memoryBytes: 1, memoryUsedBytes: 0 },
    ],
  };
  const after = withLastKnown({ ...off, at: NOW + 10_000 }, withLastKnown(off, before));
  t.match(after.guests, [
    { vmid: 1000, status: 'running', memoryBytes: 1024 ** 3, staleSince: NOW + 5000 },
    { vmid: 1001, node: 'pve2', staleSince: undefined },
  ]);
  rig.cluster.view = after;
  t.match(await status(), {
    status: 'running',
    reachable: false,
    stale_since: at(5000),
    resources: { memory: '1024MB / 2048MB' },
  });
  rig.cluster.view = withLastKnown(off, undefined);
  t.match(await status(), { status: 'unknown', stale_since: at(5000) }, 'never seen');
  t.equal(withLastKnown(before, after), before, 'it is back');
});

t.test("a job's end is believed before the cluster's list, which lags behind", async (t) => {
  const { rig, make, status } = await site();
  t.teardown(close(rig));
  const ended = (method: JobKind, endedAt: string) => ({
    jobs: [aJob({ method, status: 'completed', endedAt })],
  });
  await make(ended('stop', at(-1000)));
  t.match(await status(), { status: 'stopped', power: 'stopped', resources: { cpu: '0%' }, reachable: true });
  t.match((await rig.call('GET', '/services')).body, { services: [{ power: 'stopped' }] });
  await make(ended('stop', at(-12_000)));
  t.match(await status(), { status: 'running' }, 'the list had its time');
  await make({ jobs: [aJob({ method: 'stop', status: 'failed', endedAt: at(0) })] });
  t.match(await status(), { status: 'running' }, 'only what was carried out');
});

t.test('the answer has the fields that are described, and those of the service', async (t) => {
  const { rig, status } = await site();
  t.teardown(close(rig));
  const told = await status();
  t.same(Object.keys(told).sort(), ['success', ...Object.keys(StatusView.properties)].sort());
  t.ok(Value.Check(StatusView, told));
  const detail = (await rig.call('GET', '/services/12')).body;
  t.match(detail, told);
});

t.test('an answer kept from before is never told after a change', async (t) => {
  const { rig, make, show, status } = await site();
  t.teardown(close(rig));
  for (let round = 0; round < 5; round += 1) {
    await make({ suspendedFor: [], lifecycle: 'active' });
    show(guest(1000, { status: 'stopped' }));
    t.match(await status(), { status: 'stopped' });
    show(guest(1000, { cpu: round / 10 }));
    t.match(await status(), { status: 'running', usage: { cpu: round / 10 } });
    const asked = Promise.all([status(), status()]);
    await make({ lifecycle: 'suspended', suspendedFor: ['admin'] });
    await asked;
    t.match(await status(), { status: 'suspended', suspended_for: ['admin'] });
  }
});
