/**
 * Words of the program in the hand-written pages: none that the program has no longer, and none missing where a page
 * lists them all.
 */
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { ERRORS, FAILURES } from '../../src/kernel/errors.js';
import { ALERTS } from '../../src/model/alert.js';

/** docs/api.md is written by the program. */
const PAGES = ['architecture', 'installing', 'operating', 'sandbox', 'writing-a-driver', 'writing-a-module'];
/** Fields of answers and logs, verdicts, figures, and words of other programs. */
const OTHERS = [
  ...['job_id', 'service_id', 'request_id', 'purge_at', 'stale_since', 'left_behind', 'ha_error'],
  ...['not_checked', 'innkeeper_certificate_left_seconds', 'innkeeper_circuit_refused'],
  ...[
    'sold_out',
    'admin_password',
    'admin_password_next',
    'as_site',
    'authorized_keys',
    'known_hosts',
    'node_modules',
    'template_vmids',
  ],
];

const wordsOf = (text: string): string[] =>
  [...text.matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)].map(([, word = '']) => word);

t.test('a page names no error code, alert or key of the configuration that is not there', async (t) => {
  const example = await readFile('config/innkeeper.example.yaml', 'utf8');
  const keys = [...example.matchAll(/^[ #]*([a-z][a-z0-9_]*):/gm)].map(([, key = '']) => key);
  const known = new Set([...Object.keys(ERRORS), ...Object.keys(ALERTS), ...FAILURES, ...keys, ...OTHERS]);
  let codes = 0;
  for (const page of PAGES)
    for (const word of wordsOf(await readFile(`docs/${page}.md`, 'utf8'))) {
      if (Object.hasOwn(ERRORS, word)) codes += 1;
      if (!known.has(word)) t.fail(`docs/${page}.md: ${word}`);
    }
  t.ok(codes >= 10, `${codes} codes`);
});

t.test('the operators’ page lists every kind of alert', async (t) => {
  const page = await readFile('docs/operating.md', 'utf8');
  const [, list = ''] = /The kinds of alerts are\s((?:`[a-z_]+`,?\s?)+)/.exec(page) ?? [];
  t.same([...list.matchAll(/`([a-z_]+)`/g)].map(([, kind]) => kind).sort(), Object.keys(ALERTS).sort());
});
