/** The tried cells and their results, as a table. */
import type { Fired } from './disturbances.js';
import type { Tried } from './grid.js';

const COLUMNS = [
  'operation',
  'points',
  'reached',
  'deaths',
  'done',
  'undone',
  'stuck',
  'hung',
  'leaks',
  'slowest',
] as const;

export function tableOf(tried: readonly Tried[]): string {
  const names = [...new Set(tried.map(({ cell }) => cell.operation.name))];
  const rows = [...names, 'all'].map((name) => {
    const own = tried.filter(({ cell }) => name === 'all' || cell.operation.name === name);
    const count = (wanted: (one: Tried) => boolean): string => String(own.filter(wanted).length);
    return [
      name,
      String(own.length),
      count(({ result }) => result.deaths > 0),
      String(own.reduce((sum, { result }) => sum + result.deaths, 0)),
      ...(['done', 'undone', 'stuck', 'hung'] as const).map((end) =>
        count(({ result }) => result.ended === end),
      ),
      count(({ result }) => result.problems.length > 0),
      `${Math.max(0, ...own.map(({ result }) => result.recoveryMs))} ms`,
    ];
  });
  const lines = [[...COLUMNS], ...rows];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, n) => (n === 0 ? text.padEnd(widths[n] ?? 0) : text.padStart(widths[n] ?? 0)))
        .join('  '),
    )
    .join('\n');
}

/** The disturbances in addition to the deaths, and how often each really fired. */
export function disturbedTable(disturbed: Fired): string {
  return Object.entries(disturbed)
    .map(([name, { begun, fired }]) => `${name.padEnd(20)} begun ${begun}, fired ${fired}`)
    .join('\n');
}
