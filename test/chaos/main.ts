/**
 * `npm run chaos -- [--seed N] [--grid] [--part I/N] [--sample K] [--operation NAME] [--at PATTERN] [--minutes T]
 * [--kills M [--life POINTS]]`: kills the daemon at many points and checks the result; exits 1 when an invariant is
 * broken.
 */
import { parseArgs } from 'node:util';
import { runGrid } from './grid.js';
import { runRandom } from './random.js';
import { disturbedTable, tableOf } from './report.js';

/** Within this many deaths every disturbance must have fired. */
const FIRES_WITHIN = 60;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    grid: { type: 'boolean', default: false },
    part: { type: 'string', default: '1/1' },
    sample: { type: 'string' },
    operation: { type: 'string' },
    at: { type: 'string' },
    minutes: { type: 'string' },
    kills: { type: 'string', default: '0' },
    life: { type: 'string' },
  },
});
const seed = Number(values.seed);
const [part, parts] = /^(\d+)\/(\d+)$/.exec(values.part)?.slice(1).map(Number) ?? [];
if (!part || !parts || part > parts) throw new Error('--part must be a part of a number of parts, e.g. 2/8');
const say = (line: string): void => console.log(line);
say(`seed ${seed}`);
let good = true;
if (values.grid || values.operation !== undefined || values.sample !== undefined) {
  const tried = await runGrid({
    seed,
    sample: values.sample === undefined ? undefined : Number(values.sample),
    operation: values.operation,
    part: { index: part - 1, of: parts },
    at: values.at === undefined ? undefined : new RegExp(values.at),
    minutes: values.minutes === undefined ? undefined : Number(values.minutes),
    doubleEvery: 5,
    say,
  });
  say(tableOf(tried));
  good = tried.every(({ result }) => result.problems.length === 0);
}
const kills = Number(values.kills);
const life = values.life === undefined ? undefined : Number(values.life);
if (kills > 0) {
  const report = await runRandom({ seed, kills, workers: 8, life, say });
  say(`${report.kills} kills, operations ${JSON.stringify(report.ended)}`);
  say(disturbedTable(report.disturbed));
  for (const problem of report.problems) say(`  ${problem}`);
  good &&= report.problems.length === 0;
  // with fewer lives a disturbance may not have fired
  if (kills >= FIRES_WITHIN) good &&= Object.values(report.disturbed).every(({ fired }) => fired > 0);
}
process.exit(good ? 0 : 1);
