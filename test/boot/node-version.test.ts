/** A Node that is too old: the program says so before anything is loaded, and the documents name the same release. */
import { execFile } from 'node:child_process';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { nodeProblem } from '../../src/node-version.cjs';
import { testFolder } from '../test-folder.js';

const PROGRAM = fileURLToPath(new URL('../../src/innkeeper.cjs', import.meta.url));
const engines = async (): Promise<string> => {
  const text: unknown = JSON.parse(await readFile('package.json', 'utf8'));
  return (text as { engines: { node: string } }).engines.node;
};

t.test('which releases are too old', async (t) => {
  for (const [version, isOld] of [
    ['18.19.0', true],
    ['20.19.9', true],
    ['20.20.1', true],
    ['20.20.2', false],
    ['20.20.2-nightly', false],
    ['20.21.0', false],
    ['22.0.0', false],
    ['100.0.0', false],
    ['9.99.99', true],
  ] as const)
    t.equal(nodeProblem('>=20.20.2', version) !== undefined, isOld, version);
  t.match(await engines(), /^>=\d+\.\d+\.\d+$/, 'the only form that is understood');
});

t.test('the program refuses an old Node before it loads anything', async (t) => {
  // without anything that it could load
  const dir = testFolder(t, {
    'old.cjs':
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '18.19.0' } });",
  });
  await copyFile(PROGRAM, join(dir, 'innkeeper.cjs'));
  const started = promisify(execFile)(process.execPath, ['-r', './old.cjs', 'innkeeper.cjs', 'serve'], {
    cwd: dir,
  });
  const least = (await engines()).replace('>=', '');
  await t.rejects(started, {
    code: 1,
    stdout: '',
    stderr: new RegExp(
      `^innkeeper: Innkeeper needs Node\\.js ${least} or newer, but this is Node\\.js 18\\.19\\.0\\..*\\n$`,
    ),
  });
  await writeFile(join(dir, 'cli.js'), 'export {}; process.stdout.write("loaded");');
  await writeFile(join(dir, 'package.json'), '{"type":"module"}');
  const now = await promisify(execFile)(process.execPath, ['innkeeper.cjs'], { cwd: dir });
  t.equal(now.stdout, 'loaded');
});

t.test('the documents name the release that the package requires', async (t) => {
  const least = (await engines()).replace('>=', '');
  for (const file of ['README.md', 'CONTRIBUTING.md', 'docs/installing.md']) {
    const named = [...(await readFile(file, 'utf8')).matchAll(/Node\.js (\d[\d.]*\d) or newer/g)];
    t.same(new Set(named.map(([, version]) => version)), new Set([least]), file);
  }
});
