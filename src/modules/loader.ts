/** Finds `<folder>/<type>/<name>/module.js` in the shipped folder and in the configured ones. Runs no module code. */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { buildFolder } from '../kernel/build-folder.js';
import { MODULE_TYPES, type ModuleType } from '../model/module-view.js';

export interface FoundModule {
  readonly type: ModuleType;
  /** The folder's name. */
  readonly name: string;
  /** Absolute path of module.js, which worker threads import. */
  readonly path: string;
  /** True for a copy in the state folder that is in use although the module's folder contains another version. */
  readonly isCopy?: true;
}

/**
 * The folder of the modules that are shipped with the agent, found from the location of this code (the build's output
 * folder).
 */
export function shippedModules(from?: string): string {
  return join(buildFolder(from), 'modules');
}

/** Returns the modules in the order of the folders. Throws an Error when a folder cannot be read. */
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
