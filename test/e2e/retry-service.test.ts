import t from 'tap';
import { fields } from '../http/harness.js';
import { openHouse, order } from './harness.js';
import { alertsOf, completed, innkeeper, withAdmin } from './operator.js';

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
  t.match(await innkeeper(house, 'service', 'retry', 'nine'), {
    code: 1,
    err: /No job of this service has failed/,
  });
  t.match(await innkeeper(house, 'service', 'retry', 'nobody'), { code: 1, err: /no service with this id/ });
});

t.test('only an operator may retry a service over the network', async (t) => {
  const house = await openHouse(t);
  await house.post('/create-site', order('mine'));
  t.match(await house.staging.post('/services/mine/retry', {}), { status: 403, body: { code: 'forbidden' } });
});
