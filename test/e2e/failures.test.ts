import t, { type Test } from 'tap';
import { fields } from '../http/harness.js';
import { connectDaemon } from '../../src/cli/shared/daemon.js';
import { type Fields, type House, openHouse, order } from './harness.js';

const completed = (status: Fields): boolean => status['provision_status'] === 'completed';
const failed = (status: Fields): boolean => status['provision_status'] === 'failed';
const waits = (status: Fields): boolean => fields(status['job'])['waiting'] != null;

/** Nothing of the site is left anywhere, and the same call starts anew and succeeds. */
async function isGoneAndMayComeAgain(t: Test, house: House, id: string): Promise<void> {
  const left = (await house.containers()).filter(({ config }) => fields(config)['template'] !== '1');
  t.same(left, [], 'no container is left');
  const { body: before } = await house.get(`/status?service_id=${id}`);
  t.match(before, { status: 'failed', vmid: null, private_ip: null });
  const again = await house.post('/create-site', order(id));
  t.equal(again.status, 202, 'the same call starts anew');
  t.equal(again.body['subdomain'], id, 'with the name it had');
  await house.untilStatus(id, completed);
}

t.test('a site is made, and everything about it can be asked', async (t) => {
  const house = await openHouse(t);
  const { status, body } = await house.post('/create-site', order('shop'));
  t.equal(status, 202);
  t.match(body, {
    success: true,
    service_id: 'shop',
    subdomain: 'shop',
    status: 'processing',
    job_id: String,
    vmid: Number,
  });
  const done = await house.untilStatus('shop', (now) => completed(now) && now['status'] === 'running');
  t.match(done, {
    lifecycle: 'active',
    power: 'running',
    reachable: true,
    fqdn: 'shop.sandbox.test',
    quota: { backups: { used: 0, allowed: 2 } },
  });
  const repeated = await house.post('/create-site', order('shop'));
  t.match(repeated, { status: 200, body: { job_id: body['job_id'], vmid: done['vmid'] } });
  t.match(await house.post('/create-site', order('shop', { plan: 'premium' })), {
    status: 409,
    body: { code: 'service_exists' },
  });
  const { body: credentials } = await house.get('/services/shop/credentials');
  t.match(credentials, { success: true });
});

t.test('a clone that fails in its task', async (t) => {
  const house = await openHouse(t);
  const lift = await house.fault({
    target: 'pve',
    path: '/clone$',
    kind: { taskError: 'clone failed: no space left' },
  });
  await house.post('/create-site', order('two'));
  t.match(await house.untilStatus('two', failed), {
    error: { code: 'container_host_failed', step: 'container' },
  });
  await lift();
  await isGoneAndMayComeAgain(t, house, 'two');
});

t.test('a recipe that fails inside the container', async (t) => {
  const house = await openHouse(t);
  const lift = await house.fault({
    target: 'exec',
    path: 'wordpress/configure',
    kind: { taskError: 'E: Unable to locate package' },
  });
  await house.post('/create-site', order('three'));
  t.match(await house.untilStatus('three', failed), { error: { step: 'install' } });
  await lift();
  await isGoneAndMayComeAgain(t, house, 'three');
});

t.test('a reverse proxy that refuses the configuration', async (t) => {
  const house = await openHouse(t);
  const lift = await house.fault({
    target: 'proxy',
    path: '/test',
    kind: { taskError: 'unknown directive' },
  });
  await house.post('/create-site', order('four'));
  const status = await house.untilStatus(
    'four',
    (now) => failed(now) || waits(now) || now['status'] === 'failed',
  );
  t.match(fields(status['error']), { code: /^proxy_/ });
  await lift();
  await house.untilStatus('four', (now) => completed(now) || failed(now));
});

t.test('a container host that is down when the order comes: the job waits and goes on', async (t) => {
  const house = await openHouse(t);
  const lift = await house.fault({ target: 'pve', kind: { down: true } });
  t.equal((await house.post('/create-site', order('five'))).status, 202, 'accepted all the same');
  const status = await house.untilStatus('five', waits);
  t.match(status, { status: 'processing', job: { status: 'waiting', waiting: { for: 'container host' } } });
  t.match(await house.job(status), { status: 'waiting' });
  await lift();
  await house.untilStatus('five', completed);
});

t.test('a DNS server that is down in the middle: the rest is made meanwhile', async (t) => {
  const house = await openHouse(t);
  const lift = await house.fault({ target: 'dns', kind: { down: true } });
  await house.post('/create-site', order('six'));
  const status = await house.untilStatus('six', waits);
  t.match(status, { job: { waiting: { for: 'DNS' } } });
  const { body: job } = await house.get(`/jobs/${String(fields(status['job'])['id'])}`);
  const steps = Array.isArray(job['steps']) ? job['steps'].map(fields) : [];
  t.equal(steps.find(({ name }) => name === 'snapshot')?.['status'], 'done');
  await lift();
  await house.untilStatus('six', completed);
});

t.test('answers that are lost after the effect make no second container', async (t) => {
  const house = await openHouse(t);
  await house.fault({ target: 'pve', method: 'POST', kind: { status: 596, after: true }, times: 4 });
  await house.post('/create-site', order('seven'));
  await house.untilStatus('seven', completed);
  const made = (await house.containers()).filter(({ config }) => fields(config)['template'] !== '1');
  t.equal(made.length, 1);
});

t.test(
  'without a node an order waits, or is refused with handling=strict; it goes on when a node is back',
  async (t) => {
    const house = await openHouse(t);
    const set = (state: 'offline' | 'online') =>
      Promise.all(
        ['pve1', 'pve2', 'pve3'].map((node) =>
          fetch(`${house.world.control}/nodes/${node}/${state}`, { method: 'PUT' }),
        ),
      );
    await set('offline');
    t.match(await house.post('/create-site', order('eight')), {
      status: 202,
      body: { status: 'processing' },
    });
    await house.untilStatus('eight', waits);
    await house.until('/capacity?plan=basic', ({ available }) => available === 0);
    t.match(await house.call('POST', '/create-site', order('nine'), { prefer: 'handling=strict' }), {
      status: 503,
      body: { success: false, code: 'capacity_exhausted' },
    });
    t.match(await house.get('/status?service_id=nine'), { status: 404 }, 'nothing was accepted');
    await set('online');
    await house.untilStatus('eight', completed);
  },
);

t.test('many orders at once all end, with a name, number and address of their own', async (t) => {
  const house = await openHouse(t);
  const ids = Array.from({ length: 8 }, (_, n) => `m${n}`);
  const answers = await Promise.all(
    ids.map((id) => house.post('/create-site', order(id, { email: 'same@example.com' }))),
  );
  t.ok(answers.every(({ status }) => status === 202));
  const done = await Promise.all(ids.map((id) => house.untilStatus(id, completed)));
  for (const field of ['subdomain', 'vmid', 'private_ip']) {
    t.equal(new Set(done.map((status) => status[field])).size, ids.length, field);
  }
});

t.test('a creation that can neither be made nor taken back is stuck, and a person finishes it', async (t) => {
  const house = await openHouse(t);
  await house.fault({ target: 'exec', path: 'wordpress/configure', kind: { taskError: 'E: broken' } });
  const lift = await house.fault({
    target: 'pve',
    method: 'DELETE',
    path: '/lxc/',
    kind: { status: 500, reason: "can't remove CT 1000 - protection mode enabled" },
  });
  await house.post('/create-site', order('nine'));
  const status = await house.untilStatus('nine', (now) => fields(now['job'])['status'] === 'stuck');
  t.match(status, { status: 'failed', job: { remains: ['the container'] } });
  const id = String(fields(status['job'])['id']);
  const daemon = await connectDaemon(house.configFile, 'default');
  t.match(await daemon.call('GET', `/jobs/${id}`), {
    remains: [{ step: 'container', thing: 'container', what: /^container 1000 on pve\d$/ }],
  });
  await house.restart();
  await lift();
  t.equal((await house.post(`/jobs/${id}/retry`, {})).status, 200);
  const done = await house.until(`/jobs/${id}`, ({ ended_at: ended }) => ended !== null);
  t.match(
    done,
    { status: 'failed', remains: [], error: { step: 'install' } },
    'with the reason of the first',
  );
  await house.noFaults();
  await isGoneAndMayComeAgain(t, house, 'nine');
});

t.test('a creation that is cancelled half way leaves nothing', async (t) => {
  const house = await openHouse(t, { delays: 1 });
  const { body } = await house.post('/create-site', order('ten'));
  const id = String(body['job_id']);
  await house.until(`/jobs/${id}`, ({ step }) => step === 'container' || step === 'install');
  t.match(await house.post(`/jobs/${id}/cancel`, {}), { status: 200 });
  const done = await house.until(`/jobs/${id}`, ({ ended_at: ended }) => ended !== null);
  t.match(done, { status: 'cancelled', remains: [] });
  await isGoneAndMayComeAgain(t, house, 'ten');
});
