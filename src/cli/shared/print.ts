/** Prints responses as text, or as JSON for programs. */
import { styleText } from 'node:util';
import { showsColours } from '../../kernel/terminal.js';
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

/** The colours of words. `at` matches the place of the word, and its group `word` contains the word. */
export interface Colours {
  readonly at: RegExp;
  readonly of: Readonly<Record<string, 'red' | 'yellow' | 'green'>>;
}

/** Words are coloured only if the output is a terminal. */
export function say(text: string, colours?: Colours): void {
  // Names and messages from other systems could contain control sequences, which must not reach the terminal.
  const clean = text.replace(/[^\P{C}\n\t]/gu, '?');
  process.stdout.write(`${colours && showsColours(process.stdout) ? coloured(clean, colours) : clean}\n`);
}

function coloured(text: string, { at, of }: Colours): string {
  return text.replace(at, (found: string, ...groups: unknown[]) => {
    const word = String((groups.at(-1) as Readonly<Record<string, unknown>>)['word']);
    const colour = of[word];
    return colour === undefined ? found : found.replace(word, styleText(colour, word));
  });
}

export function sayJson(value: unknown): void {
  say(JSON.stringify(value, undefined, 2));
}
