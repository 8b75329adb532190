import t from 'tap';
import { growing } from '../../../src/kernel/async/growing.js';
import { pause } from '../../../src/kernel/async/pause.js';
import { systemClock } from '../../../src/kernel/clock.js';
import { handClock } from '../../fakes/clock.js';
import { listeners, timers } from './listeners.js';

t.test('is true when the time has passed', async (t) => {
  const clock = handClock();
  const { signal } = new AbortController();
  let end: boolean | undefined;
  void pause(clock, 100, signal).then((passed) => (end = passed));
  await clock.turn(99);
  t.equal(end, undefined);
  await clock.turn(1);
  t.equal(end, true);
});

t.test('is false at once when the signal is or becomes aborted, and nothing sleeps on', async (t) => {
  const clock = handClock();
  t.equal(await pause(clock, 100, AbortSignal.abort()), false);
  const stop = new AbortController();
  const pausing = pause(clock, 100, stop.signal);
  stop.abort();
  t.equal(await pausing, false);
  t.equal(clock.sleepers, 0);
});

t.test("on the host's clock leaves neither listener nor timer", async (t) => {
  const stop = new AbortController();
  const before = timers();
  t.equal(await pause(systemClock, 1, stop.signal), true);
  t.equal(listeners(stop.signal), 0);
  const pausing = pause(systemClock, 3_600_000, stop.signal);
  t.equal(timers(), before + 1);
  stop.abort(new Error('stop'));
  t.equal(await pausing, false);
  t.equal(timers(), before);
  t.equal(listeners(stop.signal), 0);
  const background = pause(systemClock, 3_600_000, AbortSignal.timeout(1), true);
  t.equal(timers(), before, 'in the background it keeps nobody alive');
  // the timer of AbortSignal.timeout keeps nobody alive either
  await systemClock.sleep(20);
  t.equal(await background, false);
});

t.test('a failure of the clock is no abort', async (t) => {
  const broken = { sleep: () => Promise.reject(new Error('no time')) };
  await t.rejects(pause(broken, 1, new AbortController().signal), { message: 'no time' });
});

t.test('pauses grow by their factor up to the longest', (t) => {
  const pauses = growing({ firstMs: 100, factor: 2, longestMs: 500 });
  t.same(
    Array.from({ length: 5 }, () => pauses.next().value),
    [100, 200, 400, 500, 500],
  );
  t.end();
});
