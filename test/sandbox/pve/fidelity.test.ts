/**
 * Holds the look-alike and docs/fidelity.md to each other: what the table says is what it answers, and it says
 * nothing that the table lacks.
 */
import t from 'tap';
import { answerTo } from './fidelity-play.js';
import { differingRows, playedRows, unplayedRows } from './fidelity-table.js';
import { textsOfLookAlike } from './fidelity-texts.js';

const played = playedRows();
const differing = differingRows();
const unplayed = unplayedRows();

for (const row of played) {
  t.test(`docs/fidelity.md:${row.line} ${row.method} ${row.path}`, async (t) => {
    t.equal(await answerTo(t, row), `${row.answer} ${row.text}`, row.given.join(', '));
  });
}

for (const row of differing) {
  t.test(
    `docs/fidelity.md:${row.line} ${row.method} ${row.path} is answered as the page admits`,
    async (t) => {
      t.equal(await answerTo(t, row), row.instead, row.given.join(', '));
      t.not(row.instead, `${row.answer} ${row.text}`, 'it differs no more: the row belongs to the others');
      t.not(row.why, '', 'the row says why');
    },
  );
}

t.test('the look-alike says nothing that the table does not have', async (t) => {
  const texts = [
    ...[...played, ...differing].filter(({ answer }) => answer !== '200').map(({ text }) => text),
    ...differing.map(({ instead }) => instead.replace(/^\w+ /, '')),
    ...unplayed.map(({ text }) => text),
  ];
  const known = texts.map((text) => text.replace(/^errors\.\S+: /, ''));
  for (const { at, text } of textsOfLookAlike()) {
    // A caller may put a prefix before it, or more behind it.
    const parts = text
      .trim()
      .split('*')
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    const pattern = new RegExp(`(?<!\\w)${parts.join('.*')}(?!\\w)`, 's');
    t.ok(
      known.some((one) => pattern.test(one)),
      `${at} says "${text.trim()}", and docs/fidelity.md has no row for it`,
    );
  }
});

t.test('every row says how it is known', async (t) => {
  for (const { line, known } of [...played, ...differing, ...unplayed])
    t.match(known, HOW, `docs/fidelity.md:${line}`);
  for (const { line, why } of unplayed) t.not(why, '', `docs/fidelity.md:${line} says why it is not played`);
});

/** `seen 2026-11-29`, `read pve-container src/PVE/LXC.pm`, `believed`; of the look-alike's own: `ours`. */
const HOW = /^(?:seen \d{4}-\d\d-\d\d|read [a-z-]+ [\w./-]+|believed|ours)\b/;
