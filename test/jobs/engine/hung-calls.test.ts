import t from 'tap';
import { watchHungCalls } from '../../../src/jobs/engine/hung-calls.js';
import { handClock } from '../../fakes/clock.js';

t.test('a call that goes on a minute after it was told to end is told of, once', async (t) => {
  const clock = handClock();
  const stop = new AbortController();
  const left = ['container.start'];
  const told: (readonly string[])[] = [];
  const end = watchHungCalls({
    clock,
    signal: stop.signal,
    calls: () => left,
    tell: (calls) => told.push(calls),
  });
  await clock.turn(600_000);
  t.same(told, [], 'while nobody has told it to end it may take its time');
  stop.abort();
  await clock.turn(59_000);
  t.same(told, []);
  await clock.turn(2_000);
  t.same(told, [['container.start']]);
  await clock.turn(600_000);
  t.equal(told.length, 1);
  end();
  t.equal(clock.sleepers, 0);
});

t.test('nothing is told, and nobody waits, when the calls have ended', async (t) => {
  const clock = handClock();
  const stop = new AbortController();
  const told: unknown[] = [];
  const watch = { clock, signal: stop.signal, calls: () => [], tell: () => told.push(1) };
  watchHungCalls(watch);
  const end = watchHungCalls(watch);
  stop.abort();
  end();
  await clock.turn(61_000);
  t.same(told, []);
  t.equal(clock.sleepers, 0);
});
