/**
 * Simulates a power cut at every operation of many changes of the state, and again during the recovery: no
 * acknowledged change may be missing on any resulting disk.
 */
import { cutEverywhere } from '../state/power-cut.js';
import { printTable } from './figures.js';

const SEEDS = 40;
const MOST_DISKS = 200;

export async function benchPowerCut(): Promise<boolean> {
  const sum = { points: 0, disks: 0, again: 0 };
  const wrong: string[] = [];
  const started = performance.now();
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const cuts = await cutEverywhere(seed, MOST_DISKS);
    sum.points += cuts.points;
    sum.disks += cuts.disks;
    sum.again += cuts.again;
    wrong.push(...cuts.wrong);
  }
  const seconds = (performance.now() - started) / 1000;
  const figure = (
    name: string,
    value: number,
  ): { figure: string; value: string; target: string; met: null } => ({
    figure: name,
    value: String(value),
    target: '',
    met: null,
  });
  printTable(
    `Power cuts: ${SEEDS} pieces of work on all stores (seeds 1 to ${SEEDS}), ${seconds.toFixed(0)} s`,
    [
      figure('points at which the power went', sum.points),
      figure('disks found afterwards', sum.disks),
      figure('cut again while recovering', sum.again),
      {
        figure: 'acknowledged changes lost or torn',
        value: String(wrong.length),
        target: '0',
        met: wrong.length === 0,
      },
    ],
  );
  for (const line of wrong.slice(0, 20)) console.log(line);
  return wrong.length === 0;
}
