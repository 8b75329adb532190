/** Finds the quick tests whose bundle contains a source file, from esbuild's metafile. */
import { basename, dirname } from 'node:path';
import type { Metafile } from 'esbuild';

/** Source file -> its tests, as paths in the build; those that are most likely to notice a fault come first. */
export type Holders = ReadonlyMap<string, readonly string[]>;

export function holdersOf({ outputs }: Metafile): Holders {
  const held = new Map<string, Set<string>>();
  for (const [name, { entryPoint }] of Object.entries(outputs))
    if (entryPoint !== undefined && isQuickTest(entryPoint)) held.set(name, inputsOf(outputs, name));
  const holders = new Map<string, string[]>();
  for (const [test, files] of held)
    for (const file of files) holders.set(file, [...(holders.get(file) ?? []), test]);
  for (const [file, tests] of holders) {
    const size = (test: string): number => held.get(test)?.size ?? 0;
    tests.sort((a, b) => nearness(file, b) - nearness(file, a) || size(a) - size(b));
  }
  return holders;
}

function isQuickTest(file: string): boolean {
  return file.endsWith('.test.ts') && !file.endsWith('.real.test.ts');
}

/** All sources whose code the output contains, including its chunks. */
function inputsOf(outputs: Metafile['outputs'], entry: string): Set<string> {
  const files = new Set<string>();
  const seen = new Set<string>();
  const waiting = [entry];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const output = outputs[name];
    if (seen.has(name) || !output) continue;
    seen.add(name);
    for (const file of Object.keys(output.inputs)) files.add(file);
    waiting.push(...output.imports.map(({ path }) => path));
  }
  return files;
}

/** 2: the test of that file; 1: a test of its folder. */
function nearness(file: string, test: string): number {
  const room = (path: string): string => dirname(path).split('/').pop() ?? '';
  if (basename(test) === basename(file).replace(/\.ts$/, '.test.js')) return 2;
  return room(file) === room(test) ? 1 : 0;
}
