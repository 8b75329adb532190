/** Words of the hand-written pages: those that readers have to translate are not used. */
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { WORDS } from '../lint/plain-words.mjs';

/** `docs/api.md` is written by the program. */
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'docs/architecture.md',
  'docs/fidelity.md',
  'docs/installing.md',
  'docs/operating.md',
  'docs/sandbox.md',
  'docs/writing-a-driver.md',
  'docs/writing-a-module.md',
];

/** Without code, and without what a column of a table quotes in parentheses: titles of tests. */
const prose = (text: string): string =>
  text
    .replace(/^ *```[^]*?^ *```$/gm, '')
    .replace(/`[^`]*`/g, '')
    .replace(/\([^()]*\)(?= *\|)/g, '');

t.test('the pages use the words of the field', async (t) => {
  for (const page of PAGES) {
    const lines = prose(await readFile(page, 'utf8')).split('\n');
    t.ok(lines.length > 20, `${page} has ${lines.length} lines`);
    for (const line of lines)
      for (const [word, instead] of WORDS) {
        const [found] = word.exec(line) ?? [];
        if (found !== undefined) t.fail(`${page}: "${found}" (say: ${instead}) in ${line.trim()}`);
      }
  }
});
