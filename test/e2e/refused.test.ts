/**
 * A system that refuses the agent is the operator's to put right: nothing that was paid for is lost meanwhile, and
 * one alert says so.
 */
import t, { type Test } from 'tap';
import type { Fault } from '../../src/sandbox/environment.js';
import { asObject, fields } from '../http/harness.js';
import { type Fields, type House, openHouse, order } from './harness.js';

const QUICK = { circuits: { failures: 2, pause_s: 1 }, jobs: { retry_s: 1 } };
const quick = async (): Promise<Fields> => QUICK;

const isWaiting = (reason: string) => (job: Fields) => {
  if (job['ended_at'] !== null) throw new Error(`it has ended: ${JSON.stringify(job)}`);
  return job['status'] === 'waiting' && fields(job['waiting'])['reason'] === reason;
};
const hasEnded = ({ ended_at: ended }: Fields): boolean => ended !== null;

async function ordered(house: House, id: string): Promise<string> {
  const answer = await house.call('POST', '/create-site', order(id), { prefer: 'wait=0' });
  return `/jobs/${String(answer.body['job_id'])}`;
}

const alertsOf = ({ alerts }: Fields): Fields[] => Object.values(fields(alerts)).map(fields);
const isQuiet = (body: Fields): boolean => alertsOf(body).length === 0;
const isAlerted = (body: Fields): boolean => alertsOf(body).length > 0;

/** Everybody waits with one alert while it lasts, and everything is delivered afterwards. */
async function waitsAndGoesOn(
  t: Test,
  house: House,
  { ids, said, lift }: { ids: readonly string[]; said: RegExp; lift: () => Promise<void> },
): Promise<void> {
  const jobs = await Promise.all(ids.map((id) => ordered(house, id)));
  for (const job of jobs) await house.until(job, isWaiting('refused_us'));
  const alerts = alertsOf(await house.until('/alerts', isAlerted));
  t.match(alerts, [{ alert: 'system_refused', severity: 'critical', text: said }]);
  t.match(alerts[0]?.['text'], /^The container host \(container-host\) refuses the agent: /);
  t.equal(alerts.length, 1, 'one alert, however many wait');
  t.match(fields(alerts[0]?.['commands'])['0'], 'innkeeper doctor');
  for (const job of jobs) {
    const { body } = await house.get(job);
    t.match(body, { waiting: { reason: 'refused_us' }, error: { code: /refused$/, detail: said } });
  }
  await lift();
  for (const job of jobs) t.match(await house.until(job, hasEnded), { status: 'completed' });
  t.ok(await house.until('/alerts', isQuiet), 'and the alert ends');
}

t.test('orders wait for a container host that refuses the token, and are delivered', async (t) => {
  const house = await openHouse(t, { config: quick });
  const lift = await house.fault({ target: 'pve', kind: { denied: true } });
  await waitsAndGoesOn(t, house, { ids: ['a', 'b'], said: /401 Authentication failed/, lift });
});

/** What each system says when it lets the agent do nothing. */
const OTHERS: readonly (readonly [system: RegExp, fault: Fault, said: RegExp])[] = [
  [/^The DNS \(dns\)/, { target: 'dns', kind: { status: 302, reason: 'Moved' } }, /302: a web page instead/],
  [/^The container host \(exec:/, { target: 'exec', kind: { denied: true } }, /log-in as root refused/],
  [/^The reverse proxy \(proxy\)/, { target: 'proxy', kind: { denied: true } }, /exit code 126/],
];

t.test(
  'an order outlasts DNS, exec and proxy that refuse the agent, each put right in its turn',
  async (t) => {
    const house = await openHouse(t, { config: quick });
    const left = new Map<(typeof OTHERS)[number], () => Promise<void>>();
    for (const one of OTHERS) left.set(one, await house.fault(one[1]));
    const job = await ordered(house, 'late');
    while (left.size > 0) {
      await house.until(job, isWaiting('refused_us'));
      const alerts = alertsOf(await house.until('/alerts', isAlerted));
      const [found] = [...left].filter(([[system]]) => alerts.some(({ text }) => system.test(String(text))));
      if (!found) throw new Error(`nobody tells: ${JSON.stringify(alerts)}`);
      const [[system, , said], lift] = found;
      t.ok(alerts.every(({ alert }) => alert === 'system_refused'));
      t.match(
        alerts.filter(({ text }) => system.test(String(text))),
        [{ text: said }],
        'one alert for each system',
      );
      await lift();
      left.delete(found[0]);
      await house.until('/alerts', (body) => !alertsOf(body).some(({ text }) => system.test(String(text))));
    }
    t.match(await house.until(job, hasEnded), { status: 'completed' });
  },
);

t.test('a token without rights, and one privilege that is missing', async (t) => {
  const house = await openHouse(t, { config: quick });
  await house.make('old');
  const grants = async (method: string, body?: object): Promise<void> => {
    const answer = await fetch(`${house.world.control}/grants`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(await answer.text());
  };
  await t.test('all of its rules were removed', async (t) => {
    await grants('PUT', { privsep: false, user: {}, token: {} });
    const lift = (): Promise<void> => grants('DELETE');
    const said = /holds no privilege at all/;
    await waitsAndGoesOn(t, house, { ids: ['bare'], said, lift });
  });
  await t.test('one is missing: who does not need it goes on', async (t) => {
    const reason = 'Permission check failed (/vms/1001, VM.Snapshot)';
    const lift = await house.fault({
      target: 'pve',
      method: 'POST',
      path: '/snapshot$',
      kind: { status: 403, reason },
    });
    const job = await ordered(house, 'short');
    await house.until(job, isWaiting('refused_us'));
    const alerts = alertsOf(await house.until('/alerts', isAlerted));
    t.match(alerts, [{ alert: 'system_refused', text: /\(\/vms\/1001, VM\.Snapshot\)/ }]);
    t.equal(alerts.length, 1);
    t.match(await house.text('/metrics'), /circuit_state\{name="container-host",[^}]*state="closed"\} 1/);
    t.match(await house.settled('/action/restart', { service_id: 'old' }), { status: 200 });
    await lift();
    t.match(await house.until(job, hasEnded), { status: 'completed' });
    await house.until('/alerts', isQuiet);
  });
});

t.test('a deletion outlasts what nobody knows; what is refused for good fails at once', async (t) => {
  const house = await openHouse(t, { config: quick });
  await house.make('gone');
  const words = [
    "zfs error: cannot destroy 'tank/subvol-1000-disk-0': dataset is busy",
    'words never seen before',
  ];
  for (const taskError of words)
    await house.fault({ target: 'pve', method: 'DELETE', path: '/lxc/\\d+$', kind: { taskError }, times: 2 });
  const answer = await house.post('/delete-site', { service_id: 'gone' });
  const job = await house.until(`/jobs/${String(answer.body['job_id'])}`, hasEnded);
  t.match(job, { status: 'completed', error: null });
  const made = (await house.containers()).map(({ config }) => fields(config)['hostname']);
  t.notOk(made.includes('gone'), 'its container is gone');
  t.match(alertsOf((await house.get('/alerts')).body), []);

  const wrong = 'Parameter verification failed.';
  const lift = await house.fault({
    target: 'pve',
    path: '/clone$',
    kind: { status: 400, reason: wrong, errors: { newid: 'property is missing and it is not optional' } },
  });
  const failed = await house.until(await ordered(house, 'wrong'), hasEnded);
  t.match(failed, {
    status: 'failed',
    error: { code: 'container_host_failed', detail: /newid: property is missing/ },
  });
  const { faults } = asObject(await (await fetch(`${house.world.control}/faults`)).text());
  const struck = (Array.isArray(faults) ? faults.map(fields) : []).map((one) => one['struck']);
  t.equal(struck.at(-1), 1, 'at once: it was asked for one time');
  await lift();
});
