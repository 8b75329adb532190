import t from 'tap';
import { Secret } from '../../src/kernel/secret.js';
import type { AlertRecord } from '../../src/model/alert.js';
import { makeRig, ORDER } from '../http/harness.js';

const KEY = 'default/12345';

t.test('one answer has all that a panel’s page shows', async (t) => {
  const rig = await makeRig();
  t.teardown(() => rig.close());
  await rig.call('POST', '/create-site', { ...ORDER, locale: 'de', domain: 'nonsense' });
  const overview = (token?: string) => rig.call('GET', '/services/12345/overview', undefined, token);
  t.match(await overview(), {
    status: 200,
    body: {
      service: {
        ...{ service_id: '12345', status: 'processing', plan: 'basic', locale: 'de', email: ORDER.email },
        ...{ url: /^https:/, quota: { domains: { used: 0, allowed: 3 } }, jobs: [{ method: 'create' }] },
      },
      domains: { used: 0, quota: '0/3', wish: { domain: 'nonsense' } },
      backups: { used: 0, quota: '0/2' },
      credentials: { state: 'not_yet', expires_at: null },
      login_link: true,
      problems: [/nonsense is not a domain name/],
      alerts: [],
    },
  });
  await rig.change(KEY, () => ({
    lifecycle: 'active',
    activeAt: '2026-03-01T12:00:00.000Z',
    secrets: { admin_password: new Secret('hunter2') },
    data: { admin_user: 'admin' },
    diskGb: 80,
    jobs: [],
  }));
  const active = await overview();
  t.match(active.body, {
    credentials: { state: 'readable', expires_at: '2026-03-08T12:00:00.000Z' },
    problems: [/nonsense/, /The disk stays at 80 GB/],
  });
  t.notMatch(JSON.stringify(active.body), 'hunter2', 'it shows the state, and no password');
  rig.behaviour.now += 8 * 86_400_000;
  t.match((await overview()).body, { credentials: { state: 'gone' } });
  await rig.change(KEY, () => ({ credentialsAcknowledgedAt: '2026-03-02T00:00:00.000Z' }));
  t.match((await overview()).body, { credentials: { state: 'acknowledged' } });
  t.equal((await overview(rig.tokens.staging)).status, 404);
});

t.test(
  'alerts about the service are named; what they say of the infrastructure is the operator’s',
  async (t) => {
    const rig = await makeRig();
    t.teardown(() => rig.close());
    await rig.call('POST', '/create-site', ORDER);
    const alert = (also: Partial<AlertRecord>): AlertRecord => ({
      ...{ schema: 1, id: 'x', kind: 'job_stuck', subject: 'x', panel: 'default', serviceId: '12345' },
      ...{
        text: 'Stuck on pve1.',
        data: {},
        raisedAt: '2026-03-01T12:00:00.000Z',
        clearedAt: null,
        told: {},
      },
      ...also,
    });
    const all = [
      alert({}),
      alert({ serviceId: '2' }),
      alert({ panel: 'staging' }),
      alert({ panel: null, serviceId: null }),
      alert({ clearedAt: '2026-03-01T12:00:01.000Z' }),
    ];
    Object.assign(rig.deps.alerts, { list: () => all });
    const shown = async (token: string) =>
      (await rig.call('GET', '/services/12345/overview', undefined, token)).body['alerts'];
    const raised = { alert: 'job_stuck', severity: 'critical', raised_at: '2026-03-01T12:00:00.000Z' };
    t.same(await shown(rig.tokens.panel), [{ ...raised, text: null }]);
    t.same(await shown(rig.tokens.admin), [{ ...raised, text: 'Stuck on pve1.' }]);
  },
);
