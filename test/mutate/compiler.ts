/** Checks mutants with the compiler: one that it refuses needs no test. */
import { dirname, join, resolve } from 'node:path';
import ts from 'typescript';
import { type Mutant, mutated } from './mutants.js';

export interface Compiler {
  /** `file`: checks only the mutant's own file, which takes a second; `all`: also the files that import it. */
  refuses(mutant: Mutant, where: 'file' | 'all'): boolean;
}

/** @param folder the project */
export function compilerOf(folder: string): Compiler {
  const { config } = ts.readConfigFile(join(folder, 'tsconfig.json'), (name) => ts.sys.readFile(name)) as {
    config: unknown;
  };
  const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, folder);
  const changed = new Map<string, string>();
  let version = 0;
  const textOf = (name: string): string | undefined => changed.get(name) ?? ts.sys.readFile(name);
  const service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => fileNames,
    getScriptVersion: (name) => (changed.has(name) ? `changed ${version}` : '0'),
    getScriptSnapshot: (name) => {
      const text = textOf(name);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => folder,
    getDefaultLibFileName: (given) => ts.getDefaultLibFilePath(given),
    fileExists: (name) => ts.sys.fileExists(name),
    readFile: textOf,
    readDirectory: (...args) => ts.sys.readDirectory(...args),
    directoryExists: (name) => ts.sys.directoryExists(name),
    getDirectories: (name) => ts.sys.getDirectories(name),
  });
  const errors = (name: string): number =>
    service.getSyntacticDiagnostics(name).length + service.getSemanticDiagnostics(name).length;
  return {
    refuses(mutant, where) {
      const file = resolve(folder, mutant.file);
      version += 1;
      changed.set(file, mutated(ts.sys.readFile(file) ?? '', mutant));
      const others = where === 'all' ? importersOf(fileNames, file) : [];
      const refuses = [file, ...others].some((name) => errors(name) > 0);
      changed.delete(file);
      return refuses;
    },
  };
}

/** The files that import this one directly. */
function importersOf(names: readonly string[], file: string): string[] {
  const path = file.replace(/\.ts$/, '.js');
  return names.filter((name) =>
    [...(ts.sys.readFile(name) ?? '').matchAll(/from '(\.[^']*)'/g)].some(
      ([, from = '']) => resolve(dirname(name), from) === path,
    ),
  );
}
