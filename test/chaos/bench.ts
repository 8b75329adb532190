/** The whole grid, and a thousand deaths at random moments. */
import { runGrid } from './grid.js';
import { runRandom } from './random.js';
import { disturbedTable, tableOf } from './report.js';

const SEED = 1;
const KILLS = 1000;

export async function benchChaos(): Promise<boolean> {
  const say = (line: string): void => console.log(line);
  const tried = await runGrid({ seed: SEED, doubleEvery: 5, say });
  say(`\nDeaths at every boundary (seed ${SEED})\n${tableOf(tried)}`);
  const report = await runRandom({ seed: SEED, kills: KILLS, workers: 8, say });
  say(`\n${report.kills} deaths under 8 operations at once (seed ${SEED}): ${JSON.stringify(report.ended)}`);
  say(disturbedTable(report.disturbed));
  for (const problem of report.problems) say(`  ${problem}`);
  return report.problems.length === 0 && tried.every(({ result }) => result.problems.length === 0);
}
