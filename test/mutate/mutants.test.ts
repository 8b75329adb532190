import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { holdersOf } from './holders.js';
import { newJudge } from './judge.js';
import { mutantsOf, mutated } from './mutants.js';
import { testFolder } from '../test-folder.js';

const textsOf = (text: string): string[] =>
  mutantsOf('a.ts', text).map((mutant) => mutated(text, mutant).replace(/\s+/g, ' ').trim());

t.test('each mutant is one small fault', async (t) => {
  const cases: readonly (readonly [text: string, ...mutants: string[]])[] = [
    [
      "const TABLE = { a: 'x', b };",
      'const TABLE = { b };',
      "const TABLE = { a: 'xX', b };",
      "const TABLE = { a: 'x', };",
    ],
    ['const LIST = [f(), g];', 'const LIST = [ g];', 'const LIST = [f(), ];'],
    ['if (a) b();', 'if (!(a)) b();', 'if (a) ;'],
    ['const n = a ? b : c;', 'const n = !(a) ? b : c;'],
    ['const n = a && !b;', 'const n = a || !b;', 'const n = a && b;'],
    ["const n = a === 'word';", "const n = a !== 'word';", "const n = a === 'wordX';"],
    ['const n = a < b;', 'const n = a <= b;'],
    ['const n = 0, m = 600_000;', 'const n = 1, m = 600_000;', 'const n = 0, m = 1200000;'],
    ['const n = true;', 'const n = false;'],
    ['await f(x);', ';'],
  ];
  for (const [text, ...mutants] of cases) t.same(textsOf(text).sort(), mutants.sort(), text);
});

t.test('what does not run, or is only said, is left alone', async (t) => {
  const texts = [
    "import { a } from './a.js';",
    "type Word = 'a' | 'b'; interface Shape { readonly n: 1 }",
    "log.warn({ n: 1 }, 'said');",
    "context.log[level]({ n: 1 }, 'said');",
    "throw new AgentError('internal_error', 'A sentence.', { detail: 'more' });",
    "const text = 'A sentence of some words';",
  ];
  for (const text of texts) t.same(textsOf(text), [], text);
});

t.test('a mutant tells its file, its line and what is changed', async (t) => {
  t.match(mutantsOf('src/a.ts', '\n\nconst n = a && b;'), [
    { file: 'src/a.ts', line: 3, what: 'a && b with || for &&' },
  ]);
});

t.test('the tests of a file are those whose bundle holds it, the likeliest first', async (t) => {
  const chunk = (imports: string[], ...inputs: string[]) => ({
    bytes: 1,
    exports: [],
    imports: imports.map((path) => ({ path, kind: 'import-statement' as const })),
    inputs: Object.fromEntries(inputs.map((file) => [file, { bytesInOutput: 1 }])),
  });
  const holders = holdersOf({
    inputs: {},
    outputs: {
      'chunks/1.js': chunk(['chunks/2.js'], 'src/jobs/lane.ts'),
      'chunks/2.js': chunk([], 'src/jobs/policy.ts'),
      'test/e2e/all.test.js': { ...chunk(['chunks/1.js'], 'src/app.ts'), entryPoint: 'test/e2e/all.test.ts' },
      'test/jobs/lane.test.js': { ...chunk(['chunks/1.js']), entryPoint: 'test/jobs/lane.test.ts' },
      'test/jobs/policy.test.js': { ...chunk(['chunks/2.js']), entryPoint: 'test/jobs/policy.test.ts' },
      'test/jobs/own.real.test.js': { ...chunk(['chunks/2.js']), entryPoint: 'test/jobs/own.real.test.ts' },
      'src/cli.js': { ...chunk(['chunks/2.js']), entryPoint: 'src/cli.ts' },
    },
  });
  t.same(holders.get('src/jobs/policy.ts'), [
    'test/jobs/policy.test.js',
    'test/jobs/lane.test.js',
    'test/e2e/all.test.js',
  ]);
  t.same(holders.get('src/app.ts'), ['test/e2e/all.test.js']);
  t.equal(holders.get('src/jobs/none.ts'), undefined);
});

/** Test files that look at `state`, which is `mutant` while the mutant is put in. */
async function judging(t: Test, tests: Readonly<Record<string, string>>, limitMs = 60_000) {
  const cwd = testFolder(t, tests);
  const said: string[] = [];
  const over = new AbortController();
  const judge = newJudge({
    ...{ cwd, limitMs, graceMs: 100 },
    over: over.signal,
    say: (line) => said.push(line),
  });
  const put = (wrong: boolean): Promise<void> => writeFile(join(cwd, 'state'), wrong ? 'mutant' : 'right');
  return { said, judged: () => judge.judge(Object.keys(tests), put) };
}
const FAILS_WITH_MUTANT = "process.exit(require('fs').readFileSync('state', 'utf8') === 'mutant' ? 1 : 0);";
const HANGS_WITH_MUTANT =
  "if (require('fs').readFileSync('state', 'utf8') === 'mutant') setInterval(() => {}, 1000);";
const FAILS = 'process.exit(1);';

t.test('a mutant is killed by a test that fails with it, and passes without', async (t) => {
  const { judged } = await judging(t, { 'a.cjs': '', 'b.cjs': FAILS_WITH_MUTANT, 'c.cjs': '' });
  t.same(await judged(), { kind: 'killed', run: 1, of: 3, by: 'b.cjs' });
});

t.test('a test that hangs with the mutant alone notices it', async (t) => {
  const { judged } = await judging(t, { 'a.cjs': HANGS_WITH_MUTANT }, 9_000);
  t.same(await judged(), { kind: 'killed', run: 0, of: 1, by: 'a.cjs' });
});

t.test('a test that fails with the right code, too, tells nothing', async (t) => {
  const { judged, said } = await judging(t, { 'a.cjs': FAILS, 'b.cjs': '' });
  t.same(await judged(), { kind: 'survived', run: 1, of: 2 });
  t.same(await judged(), { kind: 'survived', run: 1, of: 1 }, 'it is not asked again');
  t.equal(said.length, 1);
});

t.test('a file that no test holds has no test', async (t) => {
  const { judged } = await judging(t, {});
  t.match(await judged(), { kind: 'no test' });
});
