/**
 * Tries every fault at every call of every operation: `npm run bench -- faults [--minutes N] [--seed S]`. With
 * `--minutes` it tries as many cells as fit into the time, in an order from the seed, some of each fault first.
 * FAULTS_OPERATIONS (names, separated by `;`), FAULTS_CALLS and FAULTS_KINDS (regular expressions) and FAULTS_PART
 * (`3/8`: the third of eight parts, spread over all cells) select cells; parts can run concurrently. Each row is
 * printed when its cell has ended. Fails when a fault never fired, or when anything was left behind.
 */
import type { Row } from '../faults/cell.js';
import { line, operationsOf, runMatrix, type Tally, tallyByFault, tallyOf } from '../faults/matrix.js';
import { WORLDS } from '../fakes/world-kinds.js';

export interface FaultsOptions {
  /** Absent: all cells. */
  readonly minutes?: number | undefined;
  readonly seed: number;
}

export async function benchFaults({ minutes, seed }: FaultsOptions): Promise<boolean> {
  const only = process.env['FAULTS_OPERATIONS']?.split(';');
  const calls = new RegExp(process.env['FAULTS_CALLS'] ?? '');
  const kinds = new RegExp(process.env['FAULTS_KINDS'] ?? '');
  const [part = 1, parts = 1] = (process.env['FAULTS_PART'] ?? '1/1').split('/').map(Number);
  const started = performance.now();
  const rows: Row[] = [];
  let cells = 0;
  const all = WORLDS.reduce((sum, stage) => sum + operationsOf(stage), 0);
  if (minutes !== undefined) console.log(`seed ${seed}, ${minutes} minutes`);
  for (const stage of WORLDS) {
    const walked = await runMatrix({
      stage,
      ...(only === undefined ? {} : { operations: only }),
      // all cells are counted, so that the parts do not depend on the selection
      pick: ({ site, fault }, n) => calls.test(site.name) && kinds.test(fault.name) && n % parts === part - 1,
      ...(minutes === undefined ? {} : { seed, limitMs: (minutes * 60_000 * operationsOf(stage)) / all }),
      told: (row) => console.log(line(row)),
    });
    rows.push(...walked.rows);
    cells += walked.cells;
  }
  return said(rows, cells, (performance.now() - started) / 60_000);
}

function said(rows: readonly Row[], cells: number, minutes: number): boolean {
  const tallies = [...tallyByFault(rows)];
  const silent = tallies.filter(([, { fired }]) => fired === 0).map(([fault]) => fault);
  const all = tallyOf(rows);
  console.log(`\n${rows.length} of ${cells} cells, ${minutes.toFixed(1)} min`);
  console.log(tableOf([...tallies, ['all', all]]));
  for (const fault of silent) console.log(`never fired: ${fault}`);
  return silent.length === 0 && all.leaks === 0;
}

const COLUMNS = ['cells', 'fired', 'done', 'undone', 'waited', 'other', 'leaks'] as const;

function tableOf(tallies: readonly (readonly [fault: string, Tally])[]): string {
  const width = Math.max(...tallies.map(([fault]) => fault.length));
  const head = ['fault'.padEnd(width), ...COLUMNS.map((name) => name.padStart(7))];
  const lines = tallies.map(([fault, tally]) =>
    [fault.padEnd(width), ...COLUMNS.map((name) => String(tally[name]).padStart(7))].join(''),
  );
  return [head.join(''), ...lines].join('\n');
}
