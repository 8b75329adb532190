import { spawn } from 'node:child_process';
import t, { type Test } from 'tap';
import { fields } from '../http/rig.js';
import { CLI } from './daemon-process.js';
import { type Fields, type House, openHouse, order } from './house.js';

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The command line, as an operator types it. */
function innkeeper(house: Pick<House, 'configFile'>, ...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args, '--config', house.configFile]);
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (out += String(text)));
    child.stderr.setEncoding('utf8').on('data', (text) => (err += String(text)));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

const completed = (status: Fields): boolean => status['provision_status'] === 'completed';
const failed = (status: Fields): boolean => status['provision_status'] === 'failed';

const list = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fields) : []);

/** The active alerts of a kind, once there are so many. */
async function alertsOf(house: House, kind: string, count: number): Promise<Fields[]> {
  const path = '/alerts';
  const of = (body: Fields): Fields[] => list(body['alerts']).filter(({ alert }) => alert === kind);
  return of(await house.until(path, (body) => of(body).length === count));
}

const fullStorage = (house: House) =>
  house.fault({ target: 'pve', path: '/clone$', kind: { taskError: 'clone failed: no space left' } });

t.test(
  'a paid order that failed is heard, with the cause in the system’s own words and what helps',
  async (t) => {
    const house = await openHouse(t, { config: withAdmin });
    const lift = await fullStorage(house);
    await house.post('/create-site', order('shop'));
    await house.untilStatus('shop', failed);

    const jobs = list((await house.get('/jobs?service_id=shop'))['body']['jobs']);
    t.match(
      jobs,
      [{ method: 'create', status: 'failed', step: 'container' }],
      'the step that failed, not the next',
    );
    const [alert] = await alertsOf(house, 'order_failed', 1);
    t.match(alert, {
      severity: 'critical',
      service_id: 'shop',
      text: /shop.*clone failed: no space left/,
      commands: [/^innkeeper job show /, 'innkeeper service retry shop'],
      data: { step: 'container', code: 'container_host_failed' },
    });
    const events = list((await house.get('/events')).body['events']);
    t.match(
      events.find(({ type }) => type === 'service.failed'),
      { data: { method: 'create', error: { code: 'container_host_failed', step: 'container' } } },
      'the event says why',
    );
    t.match((await innkeeper(house, 'job', 'list')).out, /failed +container .*no space left/);
    t.match(
      (await innkeeper(house, 'service', 'show', 'shop')).out,
      /error +.*no space left[^]*innkeeper service retry shop/,
    );

    await lift();
    t.match(await innkeeper(house, 'service', 'retry', 'shop'), {
      code: 0,
      out: /innkeeper job show [0-9a-f-]{36}/,
    });
    const done = await house.untilStatus('shop', completed);
    t.match(done, { lifecycle: 'active', subdomain: 'shop' });
    await alertsOf(house, 'order_failed', 0);
  },
);

t.test('a failed order is over when the panel asks again, or deletes it', async (t) => {
  const house = await openHouse(t, { config: withAdmin });
  const lift = await fullStorage(house);
  for (const id of ['again', 'gone']) {
    await house.post('/create-site', order(id));
    await house.untilStatus(id, failed);
  }
  await alertsOf(house, 'order_failed', 2);
  await lift();
  t.equal((await house.post('/create-site', order('again'))).status, 202);
  t.ok([200, 202].includes((await house.post('/delete-site', { service_id: 'gone' })).status));
  await alertsOf(house, 'order_failed', 0);
  await house.untilStatus('again', completed);
});

t.test(
  'an upgrade that was paid for and failed is heard until it is made, whatever else is done meanwhile',
  async (t) => {
    const house = await openHouse(t, { config: withAdmin });
    await house.make('up');
    const lift = await house.fault({
      target: 'pve',
      method: 'PUT',
      path: '/config$',
      kind: { status: 500, reason: 'unable to open file - No space left on device' },
    });
    const { body } = await house.post('/wp/upgrade/', { service_id: 'up', plan: 'premium' });
    t.match(body, { success: false });
    const [alert] = await alertsOf(house, 'order_failed', 1);
    t.match(alert, { service_id: 'up', text: /upgrade.*No space left on device/ });
    await lift();
    t.equal((await house.settled('/action/restart', { service_id: 'up' })).status, 200);
    await alertsOf(house, 'order_failed', 1);
    t.match(
      await house.status('up'),
      { plan: 'basic', error: null },
      'the customer sees a site that is well',
    );
    t.equal((await innkeeper(house, 'service', 'retry', 'up')).code, 0);
    await house.untilStatus('up', ({ plan }) => plan === 'premium');
    await alertsOf(house, 'order_failed', 0);
  },
);

t.test('service retry lets a stuck job go on, and says when there is nothing to retry', async (t) => {
  const house = await openHouse(t, { config: withAdmin });
  await house.fault({ target: 'exec', path: 'wordpress/configure', kind: { taskError: 'E: broken' } });
  const lift = await house.fault({
    target: 'pve',
    method: 'DELETE',
    path: '/lxc/',
    kind: { status: 500, reason: "can't remove CT 1000 - protection mode enabled" },
  });
  await house.post('/create-site', order('nine'));
  await house.untilStatus('nine', (now) => fields(now['job'])['status'] === 'stuck');
  const [alert] = await alertsOf(house, 'job_stuck', 1);
  t.match(alert, {
    text: /create .*nine.*protection mode enabled/,
    data: { step: 'container' },
    commands: [/^innkeeper job show /, 'innkeeper service retry nine'],
  });
  t.same(await alertsOf(house, 'order_failed', 0), [], 'told once');
  await lift();
  t.equal((await innkeeper(house, 'service', 'retry', 'nine')).code, 0);
  await house.untilStatus('nine', ({ job }) => job === null);
  await alertsOf(house, 'job_stuck', 0);
  await house.noFaults();
  t.equal(
    (await innkeeper(house, 'service', 'retry', 'nine')).code,
    0,
    'now that it is taken back it is made again',
  );
  await house.untilStatus('nine', completed);
  t.match(await innkeeper(house, 'service', 'retry', 'nine'), { code: 1, err: /Nothing .* has failed/ });
  t.match(await innkeeper(house, 'service', 'retry', 'nobody'), { code: 1, err: /no service with this id/ });
});

/** The panel's token may do what an operator may: then its answers show what operators see. */
async function withAdmin(written: Fields): Promise<Fields> {
  const api = fields(written['api']);
  const tokens = list(api['tokens']).map((token) => ({ ...token, permissions: ['admin'] }));
  return { api: { ...api, tokens } };
}

t.test('only an operator may retry a service over the network', async (t: Test) => {
  const house = await openHouse(t);
  await house.post('/create-site', order('mine'));
  t.match(await house.staging.post('/services/mine/retry', {}), { status: 403, body: { code: 'forbidden' } });
});
