/** Reads the tables of docs/fidelity.md: what the agent relies on, row by row. */
import { readFileSync } from 'node:fs';

export interface FidelityRow {
  /** Line in the document, for messages. */
  readonly line: number;
  /** States the system is in before the request, in order. */
  readonly given: readonly string[];
  readonly method: string;
  readonly path: string;
  readonly values: Readonly<Record<string, string>>;
  /** HTTP status, or `task`: 200 and a task that ends with the text. */
  readonly answer: string;
  /** `''`: nothing is said about it. */
  readonly text: string;
  readonly known: string;
}

/** A row where the look-alike is known to say something else. */
export interface DifferingRow extends FidelityRow {
  /** What the look-alike answers, `<answer> <text>`. */
  readonly instead: string;
  readonly why: string;
}

/** A row that says what is relied on, without a request that the test could send. */
export interface TextRow {
  readonly line: number;
  readonly text: string;
  readonly why: string;
  readonly known: string;
}

const FILE = 'docs/fidelity.md';

interface Line {
  readonly line: number;
  readonly cells: readonly string[];
}

/** The rows of the table whose heading row starts with these words. Throws when there is none. */
function tableOf(heading: string): Line[] {
  const lines = readFileSync(FILE, 'utf8').split('\n');
  const rows: Line[] = [];
  let inside = false;
  let found = false;
  for (const [index, line] of lines.entries()) {
    const cells = cellsOf(line);
    if (!cells) inside = false;
    else if (cells.join(' | ') === heading) found = inside = true;
    else if (inside && !/^-+$/.test(cells[0] ?? '')) rows.push({ line: index + 1, cells });
  }
  if (!found) throw new Error(`${FILE} has no table "${heading}"`);
  return rows;
}

/** Of a table's line; `\|` is a bar inside a cell. */
function cellsOf(line: string): string[] | undefined {
  if (!line.startsWith('|')) return undefined;
  return line
    .slice(1, line.lastIndexOf('|'))
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

/** The text of a code span; the cell itself when it is none. */
const plain = (cell: string): string => /^`+ ?(.*?) ?`+$/.exec(cell)?.[1] ?? cell;

export function playedRows(): FidelityRow[] {
  return tableOf('given | request | answer | text | how known').map((row) => playable(row, row.cells));
}

export function differingRows(): DifferingRow[] {
  return tableOf('given | request | answer | text | response of the look-alike | why | how known').map(
    (row) => {
      const [given = '', request = '', answer = '', text = '', instead = '', why = '', known = ''] =
        row.cells;
      return { ...playable(row, [given, request, answer, text, known]), instead: plain(instead), why };
    },
  );
}

function playable({ line }: Line, cells: readonly string[]): FidelityRow {
  const [given = '', request = '', answer = '', text = '', known = ''] = cells;
  const [method = '', path = '', ...values] = plain(request).split(' ');
  if (!/^(task|\d{3})$/.test(answer) || !path.startsWith('/') || cells.length !== 5)
    throw new Error(`${FILE}:${line} is not a row that can be played: ${cells.join(' | ')}`);
  return {
    line,
    given: given === '' ? [] : given.split(', '),
    method,
    path,
    values: Object.fromEntries(values.map((value) => valueOf(value))),
    answer,
    text: plain(text),
    known,
  };
}

function valueOf(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), decodeURIComponent(text.slice(at + 1))];
}

export function unplayedRows(): TextRow[] {
  return tableOf('text | why the test does not request it | how known').map(({ line, cells }) => {
    const [text = '', why = '', known = ''] = cells;
    return { line, text: plain(text), why, known };
  });
}
