/** Comments have at most 120 columns: the rule, and the files that ESLint does not read. */
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import t from 'tap';
import { commentWidth } from './comment-width.mjs';

// not bundled: it loads its parts by name
const { RuleTester } = createRequire(import.meta.url)('eslint') as typeof import('eslint');

const line = (start: string, columns: number): string => start.padEnd(columns, 'x');

t.test('a line of a comment that is too wide is reported once, and code is left to Prettier', async (t) => {
  t.doesNotThrow(() =>
    new RuleTester().run('comment-width', commentWidth, {
      valid: [
        line('// ', 120),
        `/**\n${line(' * ', 120)}\n */`,
        `const text = '${line('', 130)}';`,
        `const text = '${line('', 80)}'; ${line('// ', 20)}`,
      ],
      invalid: [
        { code: line('// ', 121), errors: [{ messageId: 'wide', line: 1 }] },
        { code: `/**\n${line(' * ', 121)}\n * short\n */`, errors: [{ messageId: 'wide', line: 2 }] },
        { code: `/**\n${line(' * ', 121)}\n${line(' * ', 122)}\n */`, errors: 2 },
        { code: `${line('/* ', 60)} */ ${line('/* ', 60)} */`, errors: 1 },
        { code: `const text = '${line('', 90)}'; ${line('// ', 20)}`, errors: 1 },
      ],
    }),
  );
});

t.test('scripts and units have no wider comments either', async (t) => {
  const listed = execFileSync('git', ['ls-files', '.ci', 'systemd', 'config'], { encoding: 'utf8' });
  const files = listed.split('\n').filter((name) => name !== '');
  t.ok(files.includes('.ci/run') && files.includes('systemd/innkeeper.service'), files.join(' '));
  for (const file of files)
    for (const [n, text] of (await readFile(file, 'utf8')).split('\n').entries())
      // an indented line is quoted: it has to stay in one piece
      if (/^\s*#(?! {3})/.test(text)) t.ok(text.length <= 120, `${file}:${n + 1} has ${text.length} columns`);
});
