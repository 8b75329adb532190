/** Options of a plan: fields that an order may set, with bounds and steps. */
import t from 'tap';
import type { Job } from '../../src/model/job.js';
import { instant } from '../../src/kernel/clock.js';
import { withJob } from '../../src/services/outcomes.js';
import { testConfig } from '../fakes/config.js';
import { makeRig, ORDER, type Rig } from '../http/harness.js';

const KEY = 'default/12345';

async function open(): Promise<Rig> {
  const config = testConfig();
  const [basic] = config.plans;
  if (!basic) throw new Error('no plan');
  config.plans[0] = {
    ...basic,
    options: [
      { name: 'disk_gb', min: 20, max: 100, step: 20 },
      { name: 'domains', min: 1, max: 10, step: 1 },
    ],
  };
  const rig = await makeRig('network', config);
  t.teardown(() => rig.close());
  return rig;
}

const order = (rig: Rig, properties: object, also: object = {}) =>
  rig.call('POST', '/create-site', { ...ORDER, ...also, properties });
const upgrade = (rig: Rig, also: object, path = '/wp/upgrade') =>
  rig.call('POST', path, { service_id: '12345', plan: 'basic', ...also });

async function settle(rig: Rig): Promise<void> {
  const now = instant(rig.deps.clock);
  await rig.state.services.commit(KEY, (service) => {
    const job = service?.jobs.find(({ status }) => status === 'queued');
    if (!service || !job) throw new Error('nothing is under way');
    const ended: Job = { ...job, status: 'completed', endedAt: now };
    return withJob(service, ended, now);
  });
}

t.test('an order gets the options that it names, as a whole amount or on top', async (t) => {
  const rig = await open();
  t.equal((await order(rig, { disk_gb: 60, domains: '+2', title: 'Shop' })).status, 202);
  const { plan, order: kept, jobs } = await rig.state.services.get(KEY);
  t.match(plan, { name: 'basic', diskGb: 60, domains: 5, backups: 2, chosen: { disk_gb: 60, domains: 5 } });
  t.notOk('options' in plan, 'what is on offer stays the configuration’s');
  t.match(jobs[0]?.pinned.plan, { diskGb: 60 });
  t.same(kept.properties, { disk_gb: 60, domains: '+2', title: 'Shop' });
  t.match(await rig.call('GET', '/status?service_id=12345'), {
    body: { usage: { disk_limit_bytes: 60 * 1024 ** 3 }, quota: { domains: { allowed: 5 } } },
  });
});

t.test('an option that the plan does not offer so is refused, each by its name', async (t) => {
  const rig = await open();
  t.match(await order(rig, { disk_gb: 50, domains: 11, cores: 8, memory_mb: null, backups: '' }), {
    status: 400,
    body: {
      code: 'invalid_request',
      errors: {
        'properties.disk_gb':
          'must be a whole number from 20 to 100, in steps of 20 from 20, or "+N" for N more than 20',
        'properties.domains': /^must be a whole number from 1 to 10, or/,
        'properties.cores': 'is not an option of the plan basic',
      },
    },
  });
  for (const disk_gb of [0, -20, 120, 40.5, '+100', 'forty', true, [40], {}])
    t.match(await order(rig, { disk_gb }), { status: 400 }, JSON.stringify(disk_gb));
  t.equal(rig.writes(), 0);
  t.match(await order(rig, { disk_gp: 40 }), {
    status: 202,
    body: { warnings: ['properties.disk_gp is not known; did you mean disk_gb?'] },
  });
});

t.test('a repeated order is compared by e-mail and plan; other options are warned of', async (t) => {
  const rig = await open();
  const first = await order(rig, { disk_gb: 60 });
  const again = await order(rig, { disk_gb: '+40' });
  t.match(again, { status: 202, body: { job_id: first.body['job_id'] } });
  t.notOk('warnings' in again.body, 'the same in other words');
  const other = await order(rig, { disk_gb: 40 });
  t.match(other, { status: 202, body: { warnings: [/ordered with other options/] } });
  t.equal((await rig.state.services.get(KEY)).plan.diskGb, 60);
});

t.test('an upgrade of options alone applies them, and the others stay', async (t) => {
  const rig = await open();
  await order(rig, { domains: 5 });
  await settle(rig);
  t.match(await upgrade(rig, {}), { status: 200, body: { job_id: null, warnings: [/already/] } });
  t.match(await upgrade(rig, { properties: { disk_gb: 40 } }, '/wp/upgrade/check'), {
    status: 200,
    body: { from: { disk_gb: 20, domains: 5 }, to: { disk_gb: 40, domains: 5 } },
  });
  const first = await upgrade(rig, { properties: { disk_gb: 40 } });
  t.equal(first.status, 202);
  t.equal(
    (await upgrade(rig, { properties: { disk_gb: '40' } })).body['job_id'],
    first.body['job_id'],
    'joined',
  );
  const other = await upgrade(rig, { properties: { disk_gb: 60 } });
  t.not(other.body['job_id'], first.body['job_id']);
  await settle(rig);
  await settle(rig);
  t.match((await rig.state.services.get(KEY)).plan, { diskGb: 60, domains: 5 });
  t.match(await upgrade(rig, { properties: { disk_gb: 61 } }), {
    status: 400,
    body: { errors: { 'properties.disk_gb': /in steps of 20/ } },
  });
  t.match(await upgrade(rig, { plan: 'premium', properties: { disk_gb: 100 } }), {
    status: 400,
    body: { errors: { 'properties.disk_gb': 'is not an option of the plan premium' } },
  });
  await upgrade(rig, { plan: 'premium' });
  await settle(rig);
  const { plan } = await rig.state.services.get(KEY);
  t.match(
    [plan.name, plan.domains, plan.chosen],
    ['premium', 10, undefined],
    'another plan begins with its own',
  );
});

t.test('plans are listed with their options as a form', async (t) => {
  const rig = await open();
  t.match((await rig.call('GET', '/plans')).body['plans'], [
    {
      name: 'basic',
      options: {
        type: 'object',
        additionalProperties: false,
        properties: {
          disk_gb: {
            type: 'integer',
            minimum: 20,
            maximum: 100,
            default: 20,
            'x-step': 20,
            title: 'Disk (GB)',
          },
          domains: { minimum: 1, maximum: 10, default: 3, 'x-step': 1 },
        },
      },
    },
    { name: 'premium', options: { properties: {} } },
  ]);
});
