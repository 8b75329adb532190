/** What the files of a module import. The code is searched, because an import may run late or never in a test. */
import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import type { Finding } from './lines.js';

const CODE = /\.(?:js|mjs|cjs)$/;
const IMPORT = /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*(['"])([^'"\n]+)\1/g;

export async function importFindings(root: string, files: readonly string[]): Promise<Finding[]> {
  const own = new Set(files);
  const findings: Finding[] = [];
  for (const file of files.filter((name) => CODE.test(name) && !name.startsWith('node_modules/'))) {
    const text = withoutComments(await readFile(join(root, file), 'utf8'));
    for (const [, , name = ''] of text.matchAll(IMPORT)) {
      const problem = problemOf(file, name, own);
      if (problem !== undefined)
        findings.push({ line: 'imports', problem: `${file} imports "${name}": ${problem}` });
    }
  }
  return findings;
}

function problemOf(file: string, name: string, own: ReadonlySet<string>): string | undefined {
  if (name === 'innkeeper/module' || isBuiltin(name)) return undefined;
  if (name === 'innkeeper' || name.startsWith('innkeeper/'))
    return 'modules may import only innkeeper/module';
  if (name.startsWith('/') || name.startsWith('file:')) return 'it is not in the folder of the module';
  if (name.startsWith('.')) {
    const target = normalize(join(dirname(file), name));
    if (target.startsWith('..')) return 'it is not in the folder of the module';
    return own.has(target) ? undefined : 'there is no such file';
  }
  // a name such as `@scope/name/part` belongs to the package `@scope/name`
  const depth = name.startsWith('@') ? 2 : 1;
  const packed = `node_modules/${name.split('/').slice(0, depth).join('/')}/`;
  return [...own].some((path) => path.startsWith(packed))
    ? undefined
    : 'the folder does not contain this package';
}

/** Comments at the beginning of lines are left out, because they often contain examples. */
function withoutComments(text: string): string {
  return text.replace(/^\s*(?:\/\/|\*|\/\*).*$/gm, '');
}
