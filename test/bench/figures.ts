/** Medians, percentiles and a plain table. */

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => percentile(values, 0.5);

export interface Row {
  readonly figure: string;
  readonly value: string;
  /** The target, or empty. */
  readonly target: string;
  readonly met: boolean | null;
}

export const ms = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} ms`;

export function printTable(title: string, rows: readonly Row[]): void {
  const mark = ({ met }: Row): string => (met === null ? '' : met ? 'met' : 'MISSED');
  const cells = rows.map((row) => [row.figure, row.value, row.target, mark(row)]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...cells.map((cell) => (cell[column] ?? '').length)));
  console.log(`\n${title}`);
  for (const cell of cells)
    console.log(`  ${cell.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd());
}
