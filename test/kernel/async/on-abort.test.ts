import t from 'tap';
import { neverAborted } from '../../../src/kernel/async/never.js';
import { onAbort } from '../../../src/kernel/async/on-abort.js';
import { reasonOf } from '../../../src/kernel/async/reason.js';
import { listeners } from './listeners.js';

t.test('acts at once when the signal was aborted before', (t) => {
  let acts = 0;
  const forget = onAbort(AbortSignal.abort(), () => (acts += 1));
  t.equal(acts, 1);
  forget();
  t.equal(acts, 1);
  t.end();
});

t.test('acts once when the signal aborts, and then no listener is left', (t) => {
  const stop = new AbortController();
  let acts = 0;
  const forget = onAbort(stop.signal, () => (acts += 1));
  t.equal(acts, 0);
  stop.abort();
  stop.abort();
  t.equal(acts, 1);
  t.equal(listeners(stop.signal), 0);
  forget();
  t.end();
});

t.test('does not act after it was forgotten, and then no listener is left', (t) => {
  const stop = new AbortController();
  let acts = 0;
  onAbort(stop.signal, () => (acts += 1))();
  t.equal(listeners(stop.signal), 0);
  stop.abort();
  t.equal(acts, 0);
  t.end();
});

t.test('hundreds may wait for one signal without a warning', async (t) => {
  const warnings: Error[] = [];
  const hear = (warning: Error): void => void warnings.push(warning);
  process.on('warning', hear);
  t.teardown(() => process.off('warning', hear));
  const stop = new AbortController();
  const forgets = Array.from({ length: 200 }, () => onAbort(stop.signal, () => {}));
  await new Promise((resolve) => setImmediate(resolve));
  t.same(warnings, []);
  t.equal(listeners(stop.signal), 200);
  for (const forget of forgets) forget();
  t.equal(listeners(stop.signal), 0);
});

t.test('a signal that is never aborted is not shared', (t) => {
  const [one, other] = [neverAborted(), neverAborted()];
  onAbort(one, () => {});
  t.equal(listeners(one), 1);
  t.equal(listeners(other), 0);
  t.notOk(other.aborted);
  t.end();
});

t.test('the reason of an abort can be thrown, whatever it was', (t) => {
  const reason = new Error('the agent is stopping');
  t.equal(reasonOf(AbortSignal.abort(reason)), reason);
  t.equal(reasonOf(AbortSignal.abort('stopping')).message, 'stopping');
  t.match(reasonOf(AbortSignal.abort()), { name: 'AbortError' });
  t.end();
});
