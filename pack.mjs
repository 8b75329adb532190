/**
 * Packs the agent for authors of modules: the command line, and `innkeeper/module` with its types. The package needs no
 * other package.
 *   npm run pack [-- --to <folder>]
 * Prints the path of `innkeeper-<version>.tgz`.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle } from './esbuild.config.mjs';

const ENTRIES = ['modules/authoring/module.d.ts', 'modules/authoring/testing.d.ts'];
const PAGES = ['README.md', 'CHANGELOG.md', 'LICENSE', 'docs/writing-a-module.md'];

const { values } = parseArgs({ options: { to: { type: 'string', default: '.' } } });
const to = resolve(values.to);
process.chdir(import.meta.dirname);
const folder = mkdtempSync(join(tmpdir(), 'innkeeper-pack-'));
try {
  await bundle(folder, false);
  writeTypes(join(folder, 'types'));
  for (const page of PAGES) cpSync(page, join(folder, page));
  const npm = ['pack', folder, '--pack-destination', to, '--json', '--ignore-scripts'];
  const [{ filename }] = JSON.parse(
    execFileSync('npm', npm, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  console.log(join(to, filename));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Writes the types of the entries, and those that they refer to. Types of other packages would be missing. */
function writeTypes(target) {
  const all = join(folder, '.all-types');
  const options = ['--project', 'tsconfig.kit.json', '--outDir', all];
  execFileSync('node_modules/.bin/tsc', options, { stdio: ['ignore', 'inherit', 'inherit'] });
  const wanted = [...ENTRIES];
  const taken = new Set();
  for (let path = wanted.pop(); path !== undefined; path = wanted.pop()) {
    if (taken.has(path)) continue;
    taken.add(path);
    const text = readFileSync(join(all, path), 'utf8');
    for (const [, name] of text.matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)) {
      if (name.startsWith('.')) wanted.push(join(dirname(path), name.replace(/\.js$/, '.d.ts')));
      else if (!name.startsWith('node:'))
        throw new Error(`${path} refers to types of ${name}, which authors do not have`);
    }
    mkdirSync(dirname(join(target, path)), { recursive: true });
    writeFileSync(join(target, path), text);
  }
  rmSync(all, { recursive: true });
}
