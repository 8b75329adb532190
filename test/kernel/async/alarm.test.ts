import t from 'tap';
import { Alarm } from '../../../src/kernel/async/alarm.js';
import { handClock } from '../../fakes/clock.js';
import { listeners } from './listeners.js';

/** Sleeps; says when it woke. */
function sleeper(clock = handClock(), signal = new AbortController().signal) {
  const alarm = new Alarm();
  const woke: number[] = [];
  const sleep = (ms: number): void =>
    void alarm.sleep(clock, ms, signal).then(() => void woke.push(clock.monotonic()));
  return { clock, alarm, woke, sleep };
}

t.test('sleeps its time when nobody rings', async (t) => {
  const { clock, woke, sleep } = sleeper();
  sleep(100);
  await clock.turn(1_000);
  t.same(woke, [100]);
});

t.test('a ring ends the sleep at once, and only that one', async (t) => {
  const { clock, alarm, woke, sleep } = sleeper();
  sleep(100);
  await clock.turn(10);
  alarm.ring();
  await clock.turn(0);
  t.same(woke, [10]);
  t.equal(clock.sleepers, 0);
  sleep(100);
  await clock.turn(1_000);
  t.same(woke, [10, 110]);
});

t.test('a ring before the sleep ends the next one before it begins, however often it rang', async (t) => {
  const { clock, alarm, woke, sleep } = sleeper();
  alarm.ring();
  alarm.ring();
  sleep(100);
  t.equal(clock.sleepers, 0);
  await clock.turn(0);
  t.same(woke, [0]);
  sleep(100);
  await clock.turn(1_000);
  t.same(woke, [0, 100]);
});

t.test('an abort ends the sleep, before it and in the middle, and no listener is left', async (t) => {
  const clock = handClock();
  const stop = new AbortController();
  const alarm = new Alarm();
  const sleeping = alarm.sleep(clock, 100, stop.signal);
  t.equal(listeners(stop.signal), 1);
  stop.abort();
  await sleeping;
  t.equal(listeners(stop.signal), 0);
  t.equal(clock.sleepers, 0);
  await alarm.sleep(clock, 100, stop.signal);
  t.equal(clock.sleepers, 0);
});

t.test('leaves no listener with a signal that lives on', async (t) => {
  const clock = handClock();
  const stop = new AbortController();
  const alarm = new Alarm();
  for (let round = 0; round < 10; round += 1) {
    const sleeping = alarm.sleep(clock, 100, stop.signal);
    if (round % 2 === 0) alarm.ring();
    await clock.turn(100);
    await sleeping;
    t.equal(listeners(stop.signal), 0);
  }
});
