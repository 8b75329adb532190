import t from 'tap';
import { type Recurring, schedule } from '../../../src/jobs/engine/schedule.js';
import { handClock } from '../../fakes/clock.js';

const quiet = { error: () => {} };
const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
};

t.test('recurring work runs at once, then in its time or sooner when it says so', async (t) => {
  const clock = handClock();
  const runs: number[] = [];
  const start = clock.now();
  let next: number | undefined = start + 10_000;
  const task: Recurring = {
    name: 'look',
    everyMs: 60_000,
    run: async () => {
      runs.push(clock.now() - start);
      return next;
    },
  };
  const recurring = schedule([task], { clock, log: quiet });
  await settle();
  t.same(runs, [0]);
  await clock.turn(10_000);
  t.same(runs, [0, 10_000]);
  next = undefined;
  await clock.turn(20);
  t.same(runs, [0, 10_000, 10_020], 'what was due then is due still: soon again, not at once for ever');
  await clock.turn(59_000);
  t.equal(runs.length, 3);
  recurring.nudge('look');
  await settle();
  t.equal(runs.length, 4, 'nudged');
  await recurring.stop();
  await clock.turn(600_000);
  t.equal(runs.length, 4);
});

t.test('a run that fails is said, and tried again at its next time', async (t) => {
  const clock = handClock();
  let runs = 0;
  const said: unknown[] = [];
  const task: Recurring = {
    name: 'look',
    everyMs: 1000,
    async run() {
      runs += 1;
      if (runs === 1) throw new Error('once');
      return undefined;
    },
  };
  const recurring = schedule([task], { clock, log: { error: (line: unknown) => void said.push(line) } });
  await settle();
  t.match(said, [{ task: 'look', err: { message: 'once' } }]);
  await clock.turn(1000);
  t.equal(runs, 2);
  await recurring.stop();
});
