import { join } from 'node:path';
import t from 'tap';
import { fields } from '../http/harness.js';
import { type Fields, order } from './harness.js';
import { alertsOf, completed, failed, innkeeper, list } from './operator.js';
import { type PanelServer, panelServer, TOKEN } from '../fakes/panel-server.js';
import { testFolder } from '../test-folder.js';
import { surroundings, until } from './daemon-process.js';
import { installPanel, remoteHouse, SERVERS } from './remote-house.js';

const hosting = (id: string, also: object = {}): object => order(id, { plan: 'hosting', ...also });
const idOf = ({ body }: { readonly body: Fields }): string => String(body['id']);

t.test('an account lives its life on a server', async (t) => {
  const { house, panel, add } = await remoteHouse(t);
  const server = `${SERVERS}/${idOf(await add('web1', { max_accounts: 5 }))}`;
  await house.make('a', { plan: 'hosting' });
  t.match(await house.status('a'), { status: 'active', power: null, vmid: null, url: null });
  t.match(panel.accounts.get('ua'), { email: 'a@example.com', quota_gb: 10, suspended: false });
  t.match((await house.get(server)).body, { accounts: 1, room: 4 });
  t.match(await house.call('DELETE', server), { status: 409, body: { code: 'server_in_use' } });

  t.match((await house.settled('/suspend', { service_id: 'a' })).body, { status: 'suspended' });
  t.match(panel.accounts.get('ua'), { suspended: true });
  await house.restart();
  t.match((await house.settled('/unsuspend', { service_id: 'a' })).body, { status: 'active' });
  t.match(panel.accounts.get('ua'), { suspended: false });
  t.match(await house.settled('/wp/upgrade', { service_id: 'a', plan: 'hosting-50' }), { status: 200 });
  t.match(panel.accounts.get('ua'), { quota_gb: 50 });
  t.match(await house.call('PATCH', '/services/a', { email: 'new@example.com' }), { status: 200 });
  t.match(panel.accounts.get('ua'), { email: 'new@example.com' });
  t.match(await house.post('/action/start', { service_id: 'a' }), { status: 409 });
  t.match(await house.post('/wp/upgrade', { service_id: 'a', plan: 'special' }), {
    status: 409,
    body: { code: 'not_supported', error: /other servers/ },
  });
  t.match((await house.settled('/delete-site', { service_id: 'a' })).body, { status: 'terminated' });
  t.equal(panel.accounts.size, 0);
  t.match((await house.get(server)).body, { accounts: 0, room: 5 });
  t.match(await house.call('DELETE', server), { status: 200 });
});

t.test(
  'the server with the fewest accounts is chosen, and two orders never share the last place',
  async (t) => {
    const { house, panel, add } = await remoteHouse(t);
    const second = await panel2(t);
    await add('web1', { max_accounts: 2 });
    await add('web2', { max_accounts: 2, port: second.port });
    await add('drained', { max_accounts: 9, active: false });
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const answers = await Promise.all(ids.map((id) => house.post('/create-site', hosting(id))));
    t.equal(answers.filter(({ status }) => status === 202).length, 6);
    const waiting = ids.filter((_, at) => list0(answers[at]?.body['warnings']).length > 0);
    t.equal(waiting.length, 2, 'four places, six orders');
    const made = ids.filter((id) => !waiting.includes(id));
    for (const id of made) await house.untilStatus(id, completed);
    t.same([panel.accounts.size, second.accounts.size], [2, 2]);
    t.match(await house.get('/capacity?plan=hosting'), {
      body: { available: 0, deliverable: false, limited_by: ['servers'], waiting: 2 },
    });
    t.match(list((await house.get('/plans')).body['plans']), [
      { name: 'basic' },
      { name: 'hosting', available: false, sold_out: /^No server has room/ },
      {},
      { name: 'special', available: false, sold_out: /^No server has room/ },
    ]);
    const strict = { prefer: 'handling=strict' };
    t.match(await house.call('POST', '/create-site', hosting('g'), strict), {
      status: 503,
      body: { code: 'capacity_exhausted' },
    });
    await alertsOf(house, 'order_waiting_for_capacity', 1);
    t.match(await alertsOf(house, 'pool_low', 1), [
      { text: /servers of the module product\/panel in the group default is almost used up: 4 of 4/ },
    ]);
    await house.restart();
    await house.settled('/delete-site', { service_id: made[0] });
    await house.until('/capacity?plan=hosting', ({ waiting: left }) => left !== 2);
    await add('web3', { max_accounts: 5 });
    for (const id of waiting) await house.untilStatus(id, completed);
  },
);

t.test('a creation that fails is undone, and leaves neither an account nor a place', async (t) => {
  const { house, panel, add } = await remoteHouse(t);
  const server = `${SERVERS}/${idOf(await add('web1'))}`;
  const once = (wanted: string) => {
    let isOver = false;
    return (call: string) => {
      if (call !== wanted || isOver) return undefined;
      isOver = true;
      return 422;
    };
  };
  const faults: (() => typeof panel.fault)[] = [
    () => (call) => (call === 'PUT /accounts/ua' ? 422 : undefined),
    // the account exists, and what says so fails
    () => once('GET /accounts/ua'),
    () => (call) => (call.startsWith('PUT') ? 'lie' : undefined),
  ];
  for (const fault of faults) {
    panel.fault = fault();
    await house.post('/create-site', hosting('a'));
    await house.untilStatus('a', failed);
    panel.fault = () => undefined;
    t.equal(panel.accounts.size, 0);
    t.match((await house.get(server)).body, { accounts: 0 });
  }
  await house.make('a', { plan: 'hosting' });
  t.equal(panel.accounts.size, 1);
});

t.test('an account that may be left keeps its place until its service is deleted', async (t) => {
  const { house, panel, add } = await remoteHouse(t);
  const server = `${SERVERS}/${idOf(await add('web1'))}`;
  panel.fault = (call) => (call.startsWith('PUT') ? undefined : 422);
  await house.post('/create-site', hosting('a'));
  const stuck = await house.untilStatus('a', ({ provision_status: word }) => word === 'error');
  t.match(fields(stuck['job']), { status: 'stuck', remains: ['the account'] });
  t.match((await house.get(server)).body, { accounts: 1 });
  const { id } = fields(stuck['job']);
  t.match(await house.post(`/jobs/${String(id)}/abandon`, {}), {
    status: 200,
    body: { remains: [{ thing: 'account', what: /^account on the server srv_/ }] },
  });
  t.match(await house.post('/create-site', hosting('a')), { status: 409, body: { code: 'service_failed' } });
  t.match(await house.call('DELETE', server), { status: 409, body: { code: 'server_in_use' } });
  panel.fault = () => undefined;
  await house.settled('/delete-site', { service_id: 'a' });
  t.equal(panel.accounts.size, 0);
  t.match((await house.get(server)).body, { accounts: 0 });
  await house.make('a', { plan: 'hosting' });
});

t.test('a daemon that is killed while the server works makes one account, and removes it', async (t) => {
  const panel = await panel2(t);
  const folder = await installPanel(testFolder(t));
  const { serve, configFile } = await surroundings(t, {
    modules: { paths: [folder] },
    jobs: { retry_s: 1 },
    deletion: { hold_s: 0 },
    plans: [{ name: 'hosting', module: 'panel' }],
  });
  let served = await serve();
  const token = join(testFolder(t, { token: TOKEN }), 'token');
  const at = [
    '--host',
    '127.0.0.1',
    '--port',
    String(panel.port),
    '--no-tls',
    '--credential',
    `token=${token}`,
  ];
  const added = await innkeeper(
    { configFile },
    'module',
    'server',
    'add',
    'product/panel',
    '--name',
    'w',
    ...at,
  );
  t.equal(added.code, 0, added.err);
  for (const [path, call] of [
    ['/create-site', 'PUT /accounts/ua'],
    ['/suspend', 'PUT /accounts/ua/suspended'],
    ['/delete-site', 'DELETE /accounts/ua'],
  ] as const) {
    const reached = new Promise<void>((resolve) => {
      panel.fault = (seen) => {
        if (seen !== call) return undefined;
        resolve();
        // the panel makes the change, and nobody hears of it
        panel.fault = () => undefined;
        return 'mute';
      };
    });
    const { body } = await served.call(
      'POST',
      path,
      path === '/create-site' ? hosting('a') : { service_id: 'a' },
    );
    await reached;
    served.child.kill('SIGKILL');
    await served.gone;
    served = await serve();
    const job = String(body['job_id']);
    const ended = await until(
      () => served.call('GET', `/jobs/${job}`),
      ({ body: shown }) => shown['ended_at'] !== null,
    );
    t.match(ended.body, { status: 'completed' }, path);
    t.equal(panel.accounts.size, path === '/delete-site' ? 0 : 1);
  }
});

t.test('while the server is down, jobs wait and continue; a lie about a suspension is found', async (t) => {
  const { house, panel, add } = await remoteHouse(t);
  await add('web1');
  panel.fault = () => 'drop';
  await house.post('/create-site', hosting('a'));
  await house.untilStatus('a', ({ job }) => fields(job ?? {})['status'] === 'waiting');
  await house.restart();
  panel.fault = () => undefined;
  await house.untilStatus('a', completed);
  let lies = 0;
  panel.fault = (call) => (call.endsWith('/suspended') && (lies += 1) < 2 ? 'lie' : undefined);
  await house.settled('/suspend', { service_id: 'a' });
  t.match(await house.untilStatus('a', ({ status }) => status === 'suspended'), { status: 'suspended' });
  t.match(panel.accounts.get('ua'), { suspended: true });
  t.equal(lies, 2, 'the suspension was sent again');
});

async function panel2(t: { teardown(fn: () => Promise<void>): void }): Promise<PanelServer> {
  const panel = await panelServer();
  t.teardown(() => panel.close());
  return panel;
}

const list0 = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
