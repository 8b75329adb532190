import t from 'tap';
import { fields } from '../http/harness.js';
import { type Fields, type House, openHouse, order } from './harness.js';
import { alertsOf, completed, withAdmin } from './operator.js';

/** One address for all sites. */
async function oneAddress(written: Fields): Promise<Fields> {
  const pool = { name: 'one', first: '10.77.0.10', last: '10.77.0.10', prefix: 24, gateway: '10.77.0.1' };
  return { ...(await withAdmin(written)), addresses: { pools: [pool] } };
}

/** More memory than any node of the memory world has. */
async function hugePlan(written: Fields): Promise<Fields> {
  const values = { memory_mb: 4_000_000, disk_gb: 10, cores: 1, domains: 1, backups: 1 };
  const small = { ...values, name: 'basic', memory_mb: 1024 };
  return { ...(await withAdmin(written)), plans: [small, { ...values, name: 'huge' }] };
}

const waits = (status: Fields): boolean => {
  const job = fields(status['job']);
  return job['status'] === 'waiting' && fields(job['waiting'])['reason'] === 'busy';
};

t.test('an order waits for an address over a restart, and goes on by itself when one is free', async (t) => {
  const house = await openHouse(t, { config: oneAddress });
  await house.make('first');
  t.match(await house.post('/create-site', order('second')), {
    status: 202,
    body: { private_ip: null, warnings: [/^No address is left/] },
  });
  await house.untilStatus('second', waits);
  t.match(await alertsOf(house, 'order_waiting_for_capacity', 1), [
    { severity: 'critical', text: /^1 order waits for capacity: pools: one\./ },
  ]);
  await house.restart();
  t.match(await house.status('second'), { status: 'processing', private_ip: null });
  const capacity = await house.until('/capacity?plan=basic', ({ available }) => available !== null);
  t.match(capacity, { available: 0, waiting: 1 });
  await house.settled('/delete-site', { service_id: 'first' });
  await house.untilStatus('second', completed);
  t.match(await house.status('second'), { status: 'running', private_ip: '10.77.0.10' });
  await alertsOf(house, 'order_waiting_for_capacity', 0);
});

t.test('an order waits for a node with room; deleted meanwhile, nothing is left of it', async (t) => {
  const house = await openHouse(t, { config: hugePlan });
  await known(house);
  t.match(await house.get('/capacity?plan=huge'), { body: { available: 0, limited_by: ['nodes'] } });
  t.match(await house.post('/create-site', order('huge', { plan: 'huge' })), {
    status: 202,
    body: { warnings: [/^No node has room/] },
  });
  await house.untilStatus('huge', waits);
  await alertsOf(house, 'order_waiting_for_capacity', 1);
  await house.make('small');
  await house.settled('/delete-site', { service_id: 'huge' });
  t.match(await house.status('huge'), { status: 'terminated' });
  await alertsOf(house, 'order_waiting_for_capacity', 0);
});

const known = (house: House): Promise<Fields> =>
  house.until('/capacity?plan=huge', ({ available }) => available !== null);
