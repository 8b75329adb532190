/** Prints responses as text, or as JSON for programs. */
import { formatCell } from './format-cell.js';
import type { Fields } from './daemon.js';

export interface Column {
  readonly title: string;
  readonly text: (row: Fields) => unknown;
}

export const column = (title: string, field = title): Column => ({ title, text: (row) => row[field] });

export function table(rows: readonly Fields[], columns: readonly Column[]): string {
  const lines = [
    columns.map(({ title }) => title.toUpperCase().replaceAll('_', ' ')),
    ...rows.map((row) => columns.map(({ text }) => formatCell(text(row)))),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, index) => text.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Prints one line of `name value` for each entry. */
export function facts(pairs: readonly (readonly [string, unknown])[]): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${name.padEnd(width)}  ${formatCell(value)}`).join('\n');
}

export function say(text: string): void {
  // Names and messages from other systems could contain control sequences, which must not reach the terminal.
  process.stdout.write(`${text.replace(/[^\P{C}\n\t]/gu, '?')}\n`);
}

export function sayJson(value: unknown): void {
  say(JSON.stringify(value, undefined, 2));
}
