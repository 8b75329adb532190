/** Upgrades as panels make them: they have changed price and product before they call, and do not read the answer. */
import t from 'tap';
import { testConfig } from '../fakes/config.js';
import { makeRig, ORDER, type Rig } from '../http/harness.js';
import type { Changes } from '../fakes/parts.js';
import type { Job } from '../../src/model/job.js';
import { instant } from '../../src/kernel/clock.js';
import { withJob } from '../../src/services/outcomes.js';

const KEY = 'default/12345';
const [BASIC, PREMIUM] = testConfig().plans;
if (!BASIC || !PREMIUM) throw new Error('the test config has lost a plan');

const backups = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    name: `BAK01032026-${n + 1}`,
    kind: 'backup' as const,
    createdAt: '2026-03-01T00:00:00.000Z',
  }));
const domain = (name: string) => ({
  domain: name,
  www: false,
  provenBy: 'txt' as const,
  certificate: { state: 'none' as const, expiresAt: null, problem: null },
  addedAt: '2026-03-01T00:00:00.000Z',
});

async function site(also: Changes = {}, config = testConfig()): Promise<Rig> {
  const rig = await makeRig('network', config);
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

const post = (rig: Rig, path: string, body: object = {}) =>
  rig.call('POST', path, { service_id: '12345', ...body });

/** The end of the open upgrade, as the job engine records it. */
async function complete(rig: Rig): Promise<void> {
  const { clock } = rig.deps;
  await rig.state.services.commit(KEY, (service) => {
    const job = service?.jobs.find(({ method, status }) => method === 'upgrade' && status === 'queued');
    if (!service || !job) throw new Error('no upgrade is under way');
    const ended: Job = { ...job, status: 'completed', endedAt: instant(clock) };
    return withJob(service, ended, instant(clock));
  });
}

const large: Changes = {
  plan: PREMIUM,
  snapshots: backups(3),
  domains: ['a.example', 'b.example', 'c.example', 'd.example'].map(domain),
};
const STAYS = [
  'The disk stays at 80 GB: the plan basic has 20 GB, and a disk cannot be made smaller.',
  '3 backups remain, but the plan basic allows 2: none can be added until one is deleted.',
  '4 domains remain, but the plan basic allows 3: none can be added until one is removed.',
];

t.test('a smaller plan is applied as far as it goes, and the answer says what stays', async (t) => {
  const rig = await site(large);
  t.match(await post(rig, '/wp/upgrade/check', { plan: 'basic' }), {
    status: 200,
    body: { plan: 'basic', from: { disk_gb: 80 }, to: { disk_gb: 20 }, warnings: STAYS },
  });
  t.same((await rig.state.services.get(KEY)).jobs, [], 'the check changed nothing');
  const answer = await post(rig, '/wp/upgrade/', { plan: 'basic' });
  t.match(answer, { status: 202, body: { warnings: STAYS } });
  const again = await post(rig, '/wp/upgrade', { plan: 'basic' });
  t.match(again, { status: 202, body: { job_id: answer.body['job_id'], warnings: STAYS } });
  await complete(rig);
  t.match(await rig.call('GET', '/status?service_id=12345'), {
    body: {
      plan: 'basic',
      quota: { domains: { used: 4, allowed: 3 }, backups: { used: 3, allowed: 2 } },
      usage: { disk_limit_bytes: 80 * 1024 ** 3, memory_limit_bytes: 2 * 1024 ** 3 },
    },
  });
  t.match(await post(rig, '/action/mkbak'), {
    status: 409,
    body: { code: 'quota_reached', error: 'Backup limit reached (3 of 2)' },
  });
  t.match((await rig.call('GET', '/action/getdomain?service_id=12345')).body, { count: 0, quota: '4/3' });
  t.match(await post(rig, '/wp/upgrade', { plan: 'premium' }), { status: 202 });
  await complete(rig);
  const { plan, guest, smallerPlanAt } = await rig.state.services.get(KEY);
  t.match([plan.name, guest?.diskGb, smallerPlanAt], ['premium', undefined, undefined], 'and back');
});

t.test('what a smaller plan left larger is an alert until it fits, or for a week', async (t) => {
  const rig = await site(large);
  await post(rig, '/wp/upgrade', { plan: 'basic' });
  const entry = () => rig.state.services.entry(KEY)?.smallerPlanAt;
  t.equal(entry(), null, 'not before it is so');
  await complete(rig);
  t.equal(entry(), '2026-03-01T12:00:00.000Z');
});

t.test('with upgrade.smaller_plan refuse nothing changes, and the answer has the figures', async (t) => {
  const config = testConfig();
  config.upgrade.smaller_plan = 'refuse';
  const rig = await site(large, config);
  for (const path of ['/wp/upgrade', '/wp/upgrade/check'])
    t.match(await post(rig, path, { plan: 'basic' }), {
      status: 409,
      body: {
        code: 'plan_too_small',
        error:
          /its disk has 20 GB, but the site's disk has 80 GB.*it allows 2 backups, but 3 are kept; it allows 3 domains/,
      },
    });
  t.same((await rig.state.services.get(KEY)).jobs, []);
});

t.test(
  'an upgrade to what the service has already is answered, warned of, and changes nothing',
  async (t) => {
    const noticed: object[] = [];
    const rig = await site();
    const { deps } = rig;
    Object.assign(deps, { noticed: (notice: object) => noticed.push(notice) });
    const app = await rig.beside('network');
    const ask = (path: string, plan: string) =>
      app.inject({
        method: 'POST',
        url: path,
        headers: { authorization: `Bearer ${rig.tokens.panel}` },
        payload: { service_id: '12345', plan },
      });
    const check = await ask('/wp/upgrade/check', 'basic');
    t.match([check.statusCode, check.json()], [200, { warnings: [/already has the plan basic/] }]);
    t.same(noticed, [], 'a check raises no alert');
    const answer = await ask('/wp/upgrade/', 'WordPress Basic');
    t.match(
      [answer.statusCode, answer.json()],
      [200, { success: true, job_id: null, plan: 'basic', warnings: [/already has the plan basic/] }],
    );
    t.match(noticed, [
      { kind: 'upgrade_without_change', panel: 'default', plan: 'WordPress Basic', service: '12345' },
    ]);
    t.same((await rig.state.services.get(KEY)).jobs, []);

    await post(rig, '/wp/upgrade', { plan: 'premium' });
    t.equal(
      (await ask('/wp/upgrade', 'basic')).statusCode,
      202,
      'going back from one that is on its way is a change',
    );
    await rig.change(KEY, () => ({ jobs: [], plan: { ...BASIC, memoryMb: 1024 } }));
    t.equal(
      (await ask('/wp/upgrade', 'basic')).statusCode,
      202,
      'as is a plan whose values have changed since',
    );
  },
);
