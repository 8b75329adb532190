/** What a module measures of itself. */
import t from 'tap';
import { measure } from '../../../src/modules/kit/measure.js';
import { moduleCalls } from './harness.js';

t.test('a run is counted with its name and its end', async (t) => {
  const { call, ran } = await moduleCalls(t);
  const metrics = {
    observe: (name: string, seconds: number, failed: boolean) =>
      call('metrics.observe', name, seconds, failed),
  };
  t.equal(await measure(metrics, 'sync', async () => 7), 7);
  await t.rejects(
    measure(metrics, 'sync', () => {
      throw new Error('no luck');
    }),
    /no luck/,
  );
  await t.rejects(
    measure(metrics, 'No Name', () => 1),
    { code: 'module_failed' },
  );
  await t.rejects(
    measure(metrics, 'No Name', () => {
      throw new Error('its own error');
    }),
    /its own error/,
  );
  t.match(ran, [
    { module: 'product/shop', name: 'sync', failed: false, seconds: Number },
    { name: 'sync', failed: true },
  ]);
  t.equal(ran.length, 2);
});

t.test('a module uses at most 50 names', async (t) => {
  const { call, as, ran } = await moduleCalls(t);
  for (let n = 0; n < 50; n += 1) await call('metrics.observe', `n${n}`, 1, false);
  await t.rejects(call('metrics.observe', 'more', 1, false), { code: 'module_failed', detail: /50/ });
  await call('metrics.observe', 'n7', 1, false);
  await as({ module: { type: 'product', name: 'other' } }).call('metrics.observe', 'more', 1, false);
  t.equal(ran.length, 52);
});
