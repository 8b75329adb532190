/**
 * Every fault at every call of every operation: `npm run bench -- faults`. FAULTS_OPERATIONS (names, separated by `;`), FAULTS_CALLS and FAULTS_KINDS
 * (regular expressions) and FAULTS_PART (`3/8`: the third of eight parts, spread over everything) choose some; parts may run side by side. Each row is printed when its cell has ended.
 */
import { firedByFault, line, runMatrix } from '../faults/matrix.js';
import type { Row } from '../faults/cell.js';
import { WORLDS } from '../fakes/world-kinds.js';
import { printTable } from './figures.js';

export async function benchFaults(): Promise<boolean> {
  const only = process.env['FAULTS_OPERATIONS']?.split(';');
  const calls = new RegExp(process.env['FAULTS_CALLS'] ?? '');
  const kinds = new RegExp(process.env['FAULTS_KINDS'] ?? '');
  const [part = 1, parts = 1] = (process.env['FAULTS_PART'] ?? '1/1').split('/').map(Number);
  const started = performance.now();
  const rows: Row[] = [];
  for (const stage of WORLDS)
    rows.push(
      ...(await runMatrix({
        stage,
        // all are counted, so that the parts are the same whatever is chosen
        pick: ({ operation, site, fault }, n) =>
          (only?.includes(operation) ?? true) &&
          calls.test(site.name) &&
          kinds.test(fault.name) &&
          n % parts === part - 1,
        told: (row) => console.log(line(row)),
      })),
    );
  const ends = new Map<string, number>();
  for (const { end } of rows) ends.set(end, (ends.get(end) ?? 0) + 1);
  const fired = [...firedByFault(rows)].sort(([a], [b]) => (a < b ? -1 : 1));
  const silent = fired.filter(([, count]) => count === 0);
  const wrong = rows.filter((row) => row.wrong.length > 0);
  printTable(`${rows.length} faults, ${((performance.now() - started) / 60_000).toFixed(1)} min`, [
    ...[...ends].map(([end, count]) => ({ figure: end, value: String(count), target: '', met: null })),
    ...fired.map(([fault, count]) => ({
      figure: `fired: ${fault}`,
      value: String(count),
      target: '> 0',
      met: count > 0,
    })),
    {
      figure: 'leaks, doubles, hangs, silences',
      value: String(wrong.length),
      target: '0',
      met: wrong.length === 0,
    },
  ]);
  return wrong.length === 0 && silent.length === 0;
}
