/** Paths of the project in the hand-written pages: a page that names a file that is not there misleads its reader. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import t from 'tap';

const TOP = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'];
/** Written by the program. */
const GENERATED = ['api.md'];
/** A path in `docs/architecture.md` starts at the root or in `src/`. */
const ROOTS = ['', 'src/'];
const FOLDERS = ['src', 'modules', 'config', 'docs', 'test', 'systemd', '.ci'];
const SOURCE = /\.(?:ts|cts|mjs|cjs|md|php|yaml)$/;
const PATH = /^(?:[\w.-]+\/)*[\w.-]+\/?$/;

interface Named {
  readonly page: string;
  readonly path: string;
}

async function pages(): Promise<string[]> {
  const docs = (await readdir('docs')).filter((name) => name.endsWith('.md') && !GENERATED.includes(name));
  return [...TOP, ...docs.map((name) => `docs/${name}`)];
}

const withoutBlocks = (text: string): string => text.replace(/^ *```[^]*?^ *```$/gm, '');

/** `a/{b,c}.ts` -> `a/b.ts`, `a/c.ts` */
const expanded = (word: string): string[] => {
  const [, before = '', choices, after = ''] = /^([^{]*)\{([^{}]*,[^{}]*)\}(.*)$/.exec(word) ?? [];
  return choices === undefined ? [word] : choices.split(',').map((one) => `${before}${one}${after}`);
};

/** Words in code spans that can only be a path of ours: a source file, or something in a folder of ours. */
function pathsIn(page: string, text: string, folders: ReadonlySet<string>): Named[] {
  const spans = [...withoutBlocks(text).matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span);
  return spans
    .flatMap(expanded)
    .filter((word) => PATH.test(word))
    .filter((word) => SOURCE.test(word) || (word.includes('/') && folders.has(word.split('/')[0] ?? '')))
    .map((path) => ({ page, path }));
}

/** Targets of links, without the heading, seen from the page. */
function linksIn(page: string, text: string): Named[] {
  const targets = [...withoutBlocks(text).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, to = '']) => to);
  return targets.filter((to) => !/^[a-z]+:/.test(to)).map((to) => ({ page, path: join(dirname(page), to) }));
}

t.test('every path that a page names is there', async (t) => {
  const inSrc = await readdir('src');
  const folders = new Set([...FOLDERS, ...inSrc.filter((name) => !name.includes('.'))]);
  const trees = await Promise.all(FOLDERS.map((folder) => readdir(folder, { recursive: true })));
  const names = new Set([...trees.flat(), ...(await readdir('.'))].map((path) => basename(path)));
  /** A bare name stands for a file whose folder the page has named before. */
  const isThere = (path: string): boolean =>
    path.includes('/') ? ROOTS.some((root) => existsSync(root + path)) : names.has(path);
  let count = 0;
  for (const page of await pages()) {
    const text = await readFile(page, 'utf8');
    for (const { path } of [...pathsIn(page, text, folders), ...linksIn(page, text)]) {
      count += 1;
      if (!isThere(path)) t.fail(`${page}: ${path}`);
    }
  }
  t.ok(count >= 150, `${count} paths`);
});
