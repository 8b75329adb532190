import t from 'tap';
import { poll, type Polling } from '../../../src/kernel/async/poll.js';
import { retry } from '../../../src/kernel/async/retry.js';
import { type HandClock, handClock } from '../../fakes/clock.js';

const PAUSES = { firstMs: 100, factor: 2, longestMs: 300 };

interface Watched {
  readonly clock: HandClock;
  readonly stop: AbortController;
  /** When it looked. */
  readonly looks: number[];
  /** What the rounds said. */
  readonly waited: number[];
  end?: unknown;
}

/** Looks until the look of this number finds it. Returns after the first look, when the clock has not been turned. */
async function watch(found: number, more: Partial<Polling> = {}, takesMs = 0): Promise<Watched> {
  const watched: Watched = { clock: handClock(), stop: new AbortController(), looks: [], waited: [] };
  const { clock, stop, looks, waited } = watched;
  const run = async (): Promise<string> => {
    const polling = { clock, signal: stop.signal, pauses: PAUSES, patienceMs: 1_000, ...more };
    for await (const waitedMs of poll(polling)) {
      looks.push(clock.monotonic());
      waited.push(waitedMs);
      if (takesMs > 0) await clock.sleep(takesMs);
      if (looks.length === found) return 'found';
    }
    return 'not found';
  };
  run().then(
    (value) => (watched.end = value),
    (error: unknown) => (watched.end = error),
  );
  await clock.turn(0);
  return watched;
}

t.test('looks at once, then after pauses that grow, until it is found', async (t) => {
  const watched = await watch(5);
  t.same(watched.looks, [0]);
  await watched.clock.turn(10_000);
  t.same(watched.looks, [0, 100, 300, 600, 900]);
  t.same(watched.waited, watched.looks);
  t.equal(watched.end, 'found');
  t.equal(watched.clock.sleepers, 0);
});

t.test('ends when patience is over, after the look that ends behind it', async (t) => {
  const watched = await watch(Number.POSITIVE_INFINITY);
  await watched.clock.turn(1_199);
  t.same(watched.looks, [0, 100, 300, 600, 900]);
  t.equal(watched.end, undefined);
  await watched.clock.turn(1);
  t.same(watched.looks, [0, 100, 300, 600, 900, 1200]);
  t.equal(watched.end, 'not found');
  t.equal(watched.clock.sleepers, 0);
});

t.test('a look that takes all the time there is is the last', async (t) => {
  const watched = await watch(Number.POSITIVE_INFINITY, {}, 1_000);
  await watched.clock.turn(1_000);
  t.same(watched.looks, [0]);
  t.equal(watched.end, 'not found');
});

t.test('without patience it looks once', async (t) => {
  const watched = await watch(Number.POSITIVE_INFINITY, { patienceMs: -1 });
  await watched.clock.turn(0);
  t.same(watched.looks, [0]);
  t.equal(watched.end, 'not found');
});

t.test('pauses may be even, or follow what was waited', async (t) => {
  const even = await watch(3, { pauses: 50 });
  await even.clock.turn(1_000);
  t.same(even.looks, [0, 50, 100]);
  const share = await watch(4, { pauses: (waitedMs) => 10 + waitedMs });
  await share.clock.turn(1_000);
  t.same(share.looks, [0, 10, 30, 70]);
});

t.test('an abort ends a pause at once, with its reason or what is made of it', async (t) => {
  const reason = new Error('the agent is stopping');
  const plain = await watch(9);
  await plain.clock.turn(50);
  plain.stop.abort(reason);
  await plain.clock.turn(0);
  t.equal(plain.end, reason);
  t.equal(plain.clock.sleepers, 0);
  const made = await watch(9, { stopped: (signal) => new Error('aborted', { cause: signal.reason }) });
  made.stop.abort(reason);
  await made.clock.turn(0);
  t.match(made.end, { message: 'aborted', cause: reason });
});

t.test(
  'an abort before the first look leaves that look to itself, and lets no second one begin',
  async (t) => {
    const watched = await watch(9, { signal: AbortSignal.abort(new Error('before')) });
    await watched.clock.turn(10_000);
    t.same(watched.looks, [0]);
    t.match(watched.end, { message: 'before' });
  },
);

t.test('a result counts although the signal was aborted during the look', async (t) => {
  const watched = await watch(1, {}, 100);
  await watched.clock.turn(50);
  watched.stop.abort();
  await watched.clock.turn(50);
  t.equal(watched.end, 'found');
});

t.test('retry goes on over what passes, and throws the last of it when patience is over', async (t) => {
  const clock = handClock();
  const polling = { clock, signal: new AbortController().signal, pauses: 100, patienceMs: 250 };
  let tries = 0;
  const failing = async (): Promise<string> => {
    tries += 1;
    throw new Error(`failure ${tries}`);
  };
  let end: unknown;
  retry(failing, () => true, polling).catch((error: unknown) => (end = error));
  await clock.turn(0);
  await clock.turn(299);
  t.equal(end, undefined);
  await clock.turn(1);
  t.match(end, { message: 'failure 4' });
  t.equal(tries, 4);
});

t.test('retry returns what succeeds, and throws at once what does not pass', async (t) => {
  const clock = handClock();
  const polling = { clock, signal: new AbortController().signal, pauses: 100, patienceMs: 250 };
  let tries = 0;
  const second = async (): Promise<string> => {
    tries += 1;
    if (tries < 2) throw new Error('busy');
    return `try ${tries}`;
  };
  const got = retry(second, (error) => error instanceof Error && error.message === 'busy', polling);
  await clock.turn(0);
  await clock.turn(100);
  t.equal(await got, 'try 2');
  await t.rejects(
    retry(
      () => Promise.reject(new Error('gone')),
      (error) => error instanceof Error && error.message === 'busy',
      polling,
    ),
    { message: 'gone' },
  );
  t.equal(clock.sleepers, 0);
});
