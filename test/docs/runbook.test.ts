/** The pages that operators follow say of every block of commands where it runs, and what is to be seen then. */
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { type Block, blocksOf, KINDS, missingIn, PAGES } from '../tools/runbook.js';

const blocks = (await Promise.all(PAGES.map(blocksOf))).flat();
const place = ({ page, line }: Block): string => `${page}:${line}`;

t.test('every block of commands says where it runs', (t) => {
  t.ok(blocks.filter(({ kind }) => kind === 'run').length >= 20, `${blocks.length} blocks`);
  t.same(blocks.filter(({ kind }) => !KINDS.includes(kind)).map(place), []);
  t.end();
});

t.test('every block that CI runs says what is to be seen', (t) => {
  const silent = blocks.filter(({ kind, expected }) => kind === 'run' && expected === undefined);
  t.same(silent.map(place), []);
  t.end();
});

t.test('what CI cannot run is listed with the day on which Proxmox ran it', async (t) => {
  const page = await readFile('docs/fidelity.md', 'utf8');
  const [, table = ''] = /^### Commands of the runbook\n([^]*?)(?=^##)/m.exec(page) ?? [];
  const listed = [...table.matchAll(/^\| (operating|installing), "([^"]+)" +\|/gm)];
  const key = ({ page: at, heading }: Block): string => `${at} ${heading}`;
  const wanted = new Set(blocks.filter(({ kind }) => kind === 'pve').map(key));
  t.ok(wanted.size > 0);
  t.same(
    [...new Set(listed.map(([, at, heading]) => `docs/${at}.md ${heading}`))].sort(),
    [...wanted].sort(),
  );
});

t.test('an expectation is found as it stands, with ... for any text of a line', (t) => {
  t.same(missingIn('ok  (1.5) of 3\nnext', ['ok ... of 3', '(1.5)', 'next']), []);
  t.same(missingIn('ok\nof 3', ['ok...of 3', '.k']), ['ok...of 3', '.k']);
  t.end();
});
