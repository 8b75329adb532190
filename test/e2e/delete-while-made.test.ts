import t from 'tap';
import { fields } from '../http/harness.js';
import { openHouse, order } from './harness.js';

const long = { delayMs: 1500 };
const INSTALLATION = { target: 'exec', path: 'configure', kind: long } as const;

t.test('a deletion in every phase of a creation leaves nothing, and the id is free', async (t) => {
  const world = await openHouse(t);
  const numbers = async () => (await world.containers()).map(({ vmid }) => vmid);
  const template = await numbers();
  const phases: [step: string, fault: Parameters<typeof world.fault>[0]][] = [
    ['container', { target: 'pve', path: '/config$', method: 'PUT', kind: long }],
    ['start', { target: 'pve', path: '/status/start$', kind: { taskMs: 1500 } }],
    ['install', INSTALLATION],
    ['dns', { target: 'dns', method: 'PATCH', kind: long }],
    ['proxy', { target: 'proxy', kind: long }],
    ['snapshot', { target: 'pve', path: '/snapshot$', method: 'POST', kind: { taskMs: 1500 } }],
    ['ha', { target: 'pve', path: '/ha/resources$', method: 'POST', kind: long }],
    ['publish', { target: 'proxy', kind: long }],
  ];
  for (const [step, fault] of phases) {
    const request = order(step, { subdomain: `at-${step}` });
    // the proxy has another step before: this one is made slow once the installation is under way
    await world.fault(step === 'publish' ? INSTALLATION : fault);
    const ordered = await world.post('/create-site', request);
    const path = `/jobs/${String(ordered.body['job_id'])}`;
    const begun = ({ steps }: Record<string, unknown>, name: string): boolean =>
      Array.isArray(steps) &&
      steps.some((one: unknown) => fields(one)['name'] === name && fields(one)['status'] === 'running');
    if (step === 'publish') {
      await world.until(path, (job) => begun(job, 'install'));
      await world.fault(fault);
    }
    await world.until(path, (job) => begun(job, step));
    await world.post('/delete-site', { service_id: step });
    await world.noFaults();
    await world.untilStatus(step, ({ status }) => status === 'terminated');
    t.match((await world.get(path)).body, { status: 'cancelled' }, step);
    t.same(await numbers(), template, `${step}: no container`);
    t.same(await world.pve('/cluster/ha/resources'), []);
    t.same(await world.pve('/cluster/ha/rules'), []);
    await t.rejects(world.visitor(`at-${step}.sandbox.test`).resolve(), { code: 'ENOTFOUND' });
    t.not((await world.visitor(`at-${step}.sandbox.test`).open('/')).status, 200);
    t.match(await world.status(step), { vmid: null, private_ip: null, job: null });
  }
  await world.make('start', { email: 'another@example.com', plan: 'standard' });
  t.match((await world.get('/services/start')).body, { generation: 2, plan: 'standard' });
});
