/** Alerts that modules raise and clear. */
import t from 'tap';
import { moduleCalls } from './harness.js';

t.test('an alert belongs to its module, its service and its key', async (t) => {
  const { call, as, alerts } = await moduleCalls(t);
  await call('alerts.raise', 'quota', { text: 'The server is full.', data: { server: 's1' } });
  await call('alerts.raise', 'quota', { text: 'The server is still full.' });
  await as({ service: null }).call('alerts.raise', 'quota', { text: 'All servers are full.' });
  await as({ module: { type: 'product', name: 'other' } }).call('alerts.raise', 'quota', { text: 'Other.' });
  t.match(
    [...alerts.values()],
    [
      {
        ...{
          kind: 'module_alert',
          subject: 'product/shop default/12 quota',
          panel: 'default',
          serviceId: '12',
        },
        ...{ text: 'The server is still full.', data: { module: 'product/shop', key: 'quota', data: {} } },
        commands: ['innkeeper module show product/shop'],
      },
      { subject: 'product/shop - quota', panel: null, serviceId: null },
      { subject: 'product/other default/12 quota' },
    ],
  );
  await as({ service: 'default/13' }).call('alerts.clear', 'quota');
  t.equal(alerts.size, 3);
  await call('alerts.clear', 'quota');
  t.same([...alerts.keys()], ['product/shop - quota', 'product/other default/12 quota']);
});

t.test('a module has at most 50 alerts, and their texts are cleaned', async (t) => {
  const { call, as, raw, alerts } = await moduleCalls(t);
  for (let n = 0; n < 50; n += 1)
    await call('alerts.raise', `k${n}`, { text: 'password=canary-Pp55 \u001b[31m' });
  t.notMatch(JSON.stringify([...alerts.values()]), /canary|\\u001b/);
  await t.rejects(call('alerts.raise', 'one-more', { text: 'x' }), { code: 'module_failed', detail: /50/ });
  await call('alerts.raise', 'k1', { text: 'one of them may change' });
  await as({ module: { type: 'product', name: 'other' } }).call('alerts.raise', 'k', { text: 'x' });
  t.equal(alerts.size, 51);
  for (const args of [
    ['a b', { text: 'x' }],
    ['k1', { text: '' }],
    ['k1', { text: 'x'.repeat(601) }],
    ['k1', { text: 'x', data: { large: 'x'.repeat(5_000) } }],
    ['k1', { text: 'x', severity: 'critical' }],
  ])
    await t.rejects(raw('alerts.raise', ...args), { code: 'module_failed', retryable: false });
});
