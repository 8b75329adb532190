import t from 'tap';
import { orAbort, orSleep } from '../../../src/kernel/async/race.js';
import { withLimit } from '../../../src/kernel/async/with-limit.js';
import { within } from '../../../src/kernel/async/within.js';
import { handClock } from '../../fakes/clock.js';
import { listeners, promised, timers } from './listeners.js';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

t.test('orAbort settles as the work does, and no listener is left', async (t) => {
  const { signal } = new AbortController();
  t.equal(await orAbort(Promise.resolve('done'), signal), 'done');
  await t.rejects(orAbort(Promise.reject(new Error('failed')), signal), { message: 'failed' });
  t.equal(listeners(signal), 0);
});

t.test(
  'orAbort rejects as soon as the signal aborts; what the work does afterwards is nobody’s',
  async (t) => {
    const reason = new Error('the agent is stopping');
    for (const before of [true, false]) {
      const stop = new AbortController();
      const work = promised<string>();
      if (before) stop.abort(reason);
      const waiting = orAbort(work.promise, stop.signal);
      if (!before) t.equal(listeners(stop.signal), 1);
      stop.abort(reason);
      await t.rejects(waiting, reason);
      t.equal(listeners(stop.signal), 0);
      // an unhandled rejection would end this process
      work.reject(new Error('too late'));
      await turn();
    }
  },
);

t.test('orAbort makes another error of the reason', async (t) => {
  const stop = new AbortController();
  stop.abort('stop');
  const stopped = ({ reason }: AbortSignal): Error => new Error('aborted', { cause: reason });
  await t.rejects(orAbort(new Promise(() => {}), stop.signal, stopped), {
    message: 'aborted',
    cause: 'stop',
  });
});

t.test('a result that is there counts, also when the signal was aborted before', async (t) => {
  t.equal(await orAbort(Promise.resolve('done'), AbortSignal.abort()), 'done');
});

t.test('orSleep settles as the work does and ends the sleep, or is undefined when time is up', async (t) => {
  const clock = handClock();
  t.equal(await orSleep(Promise.resolve('done'), clock, 100), 'done');
  await t.rejects(orSleep(Promise.reject(new Error('failed')), clock, 100), { message: 'failed' });
  t.equal(clock.sleepers, 0);
  const work = promised<string>();
  let end: unknown = 'waits';
  void orSleep(work.promise, clock, 100).then((value) => (end = value));
  await clock.turn(99);
  t.equal(end, 'waits');
  await clock.turn(1);
  t.equal(end, undefined);
  work.reject(new Error('too late'));
  await turn();
});

t.test('within never rejects and leaves no timer', async (t) => {
  const before = timers();
  t.equal(await within(Promise.resolve('done'), 3_600_000), 'done');
  t.equal(await within<string>(Promise.reject(new Error('failed')), 3_600_000), undefined);
  t.equal(timers(), before);
  t.equal(await within(new Promise(() => {}), 1), undefined);
  t.equal(timers(), before);
});

t.test('withLimit aborts the work when time is up, with its own reason or another', async (t) => {
  const { signal } = new AbortController();
  const before = timers();
  const untilAborted = (limit: AbortSignal): Promise<never> => orAbort(new Promise<never>(() => {}), limit);
  await t.rejects(withLimit(signal, 5, untilAborted), { message: 'not finished within 0.005 s' });
  await t.rejects(
    withLimit(signal, 1, untilAborted, () => new Error('too late')),
    { message: 'too late' },
  );
  t.equal(timers(), before);
  t.equal(listeners(signal), 0);
});

t.test(
  'withLimit passes an abort on, also an earlier one, and nothing is left when the work ends',
  async (t) => {
    const reason = new Error('the agent is stopping');
    const stop = new AbortController();
    const before = timers();
    const waiting = withLimit(stop.signal, 3_600_000, (limit) => orAbort(new Promise(() => {}), limit));
    t.equal(timers(), before + 1);
    stop.abort(reason);
    await t.rejects(waiting, reason);
    t.equal(timers(), before);
    t.equal(await withLimit(stop.signal, 3_600_000, async (limit) => limit.reason as unknown), reason);
    const open = new AbortController();
    t.equal(await withLimit(open.signal, 3_600_000, async () => 'done'), 'done');
    await t.rejects(
      withLimit(open.signal, 3_600_000, () => Promise.reject(new Error('failed'))),
      { message: 'failed' },
    );
    t.equal(timers(), before);
    t.equal(listeners(open.signal), 0);
  },
);
