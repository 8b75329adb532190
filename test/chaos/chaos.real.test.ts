import t from 'tap';
import { runGrid } from './grid.js';
import { runRandom } from './random.js';
import { tableOf } from './report.js';

/** Always the same deaths, one for every fifth operation; `npm run chaos` tries all operations with other deaths. */
const SEED = 4;

t.test(
  'whatever the daemon dies of, every operation ends done or undone, and nothing is left over',
  async (t) => {
    const tried = await runGrid({
      seed: SEED,
      every: 5,
      sample: 1,
      doubleEvery: 4,
      say: (line) => t.comment(line),
    });
    t.comment(tableOf(tried));
    for (const { cell, result } of tried) t.same(result.problems, [], cell.name);
    const dead = tried.filter(({ result }) => result.deaths > 0).length;
    t.ok(dead > tried.length * 0.8, `${dead} of ${tried.length} deaths came about`);
  },
);

t.test('operations side by side survive deaths at moments of no meaning', async (t) => {
  const report = await runRandom({ seed: SEED, kills: 5, workers: 6, say: (line) => t.comment(line) });
  t.same(report.problems, []);
  t.ok(report.ended.done > 0);
});
