import t from 'tap';
import { type House, openHouse, order } from './harness.js';
import { alertsOf, completed, failed, innkeeper, list, withAdmin } from './operator.js';

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
