/**
 * Finds `<folder>/<type>/<name>/module.js` in the shipped folder and in the configured ones. A broken module is
 * reported; the others are loaded.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { importModule } from '../jobs/engine/import-module.js';
import { type Module, MODULE_TYPES, type ModuleInfo } from './kit/module.js';

export function isModuleType(text: string): text is ModuleInfo['type'] {
  return MODULE_TYPES.some((type) => type === text);
}

const InfoSchema = Type.Object({
  type: Type.Enum([...MODULE_TYPES]),
  name: Type.String({ pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', maxLength: 64 }),
  title: Type.String({ minLength: 1 }),
  description: Type.String(),
  version: Type.String({ pattern: '^\\d+\\.\\d+\\.\\d+([-+][0-9A-Za-z.+-]+)?$' }),
  author: Type.String(),
});

export interface LoadedModule {
  readonly info: ModuleInfo;
  /** Absolute path of module.js; what a worker thread imports. */
  readonly path: string;
  readonly module: Module;
}

export interface BrokenModule {
  readonly type: ModuleInfo['type'];
  /** The folder's name. */
  readonly name: string;
  readonly path: string;
  /** The problem, for an operator. */
  readonly problem: string;
}

export interface LoadedModules {
  readonly modules: readonly LoadedModule[];
  readonly broken: readonly BrokenModule[];
}

/**
 * The folder of the modules that are shipped with the agent, found from the location of this code (the build's output
 * folder).
 */
export function shippedModules(from: string = fileURLToPath(import.meta.url)): string {
  for (let folder = dirname(from); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, 'src', 'cli.js'))) return join(folder, 'modules');
  }
  throw new Error(`the shipped modules are not in a folder above ${from}`);
}

/**
 * Loads the modules of these folders, in this order. `unfit`: path -> the known problem of a file that must not be
 * loaded. Throws an Error when a folder cannot be read.
 */
export async function loadModules(
  folders: readonly string[],
  unfit: ReadonlyMap<string, string> = new Map(),
): Promise<LoadedModules> {
  const modules: LoadedModule[] = [];
  const broken: BrokenModule[] = [];
  for (const found of await findModules(folders)) {
    const twin = modules.find(({ info }) => info.type === found.type && info.name === found.name);
    try {
      if (twin) throw new Error(`a module with this name is already loaded from ${twin.path}`);
      const problem = unfit.get(found.path);
      if (problem !== undefined) throw new Error(problem);
      modules.push(await loadModule(found));
    } catch (error) {
      broken.push({ ...found, problem: error instanceof Error ? error.message : String(error) });
    }
  }
  return { modules, broken };
}

export type FoundModule = Omit<BrokenModule, 'problem'>;

/** Lists the modules in these folders without loading them. Throws an Error when a folder cannot be read. */
export async function findModules(folders: readonly string[]): Promise<FoundModule[]> {
  return (await Promise.all(folders.map(findIn))).flat();
}

async function findIn(folder: string): Promise<FoundModule[]> {
  const root = resolve(folder);
  const inside = new Set(await foldersOf(root));
  const found = await Promise.all(
    MODULE_TYPES.filter((type) => inside.has(type)).map(async (type) => {
      const names = await foldersOf(join(root, type));
      return names.map((name) => ({ type, name, path: join(root, type, name, 'module.js') }));
    }),
  );
  return found.flat();
}

async function foldersOf(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    throw new Error(`the module folder ${folder} cannot be read`, { cause: error });
  }
}

/** Runs the module's code. Throws an Error that says what is wrong with it. */
export async function loadModule(found: FoundModule): Promise<LoadedModule> {
  if (!existsSync(found.path)) throw new Error('the folder does not contain module.js');
  const module = await importModule(found.path);
  const [wrong] = Value.Errors(InfoSchema, module.info);
  if (wrong) throw new Error(`its info${wrong.instancePath.replace('/', '.')} ${wrong.message}`);
  if (module.info.name !== found.name || module.info.type !== found.type) {
    throw new Error(
      `its name is ${module.info.type}/${module.info.name}, but its folder is ${found.type}/${found.name}`,
    );
  }
  return { info: module.info, path: found.path, module };
}
