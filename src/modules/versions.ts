/**
 * Finds the code that a job runs. A job of another author's module pins the hash of the module's code and runs a copy
 * of that code in the state folder. An undo therefore runs the same code as the forward direction, even if the module's
 * folder was changed in the meantime. A shipped module is part of the agent and always runs in its current version; its
 * steps are matched with the recorded steps by name.
 */
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AgentError } from '../kernel/errors.js';
import { KeyedLock } from '../kernel/async/keyed-lock.js';
import type { Job } from '../model/job.js';
import type { CodePlace } from '../jobs/engine/module-code.js';
import { copyModule, removeCopies } from './copy-module.js';
import { linkKit } from './kit-link.js';

/** An installed module. */
export interface InstalledModule {
  readonly info: { readonly type: string; readonly name: string };
  /** Path of `module.js`. */
  readonly path: string;
  /** Hash of the module's files; null if the module is part of the agent. */
  readonly hash: string | null;
}

export interface ModuleVersions {
  /** Copies an installed module to the state folder, before jobs pin its code. Throws an Error with the reason. */
  readonly keep: (module: InstalledModule) => Promise<void>;
  /**
   * Finds the code to run. Throws `unknown_module` if neither the pinned code nor a module of this name exists; the job
   * then waits.
   */
  readonly placeOf: (pinned: Job['pinned']['module']) => Promise<CodePlace & { readonly path: string }>;
  /** Removes all copies except those of installed modules and of `pinned` jobs. Returns the removed ones. */
  readonly sweep: (pinned: Iterable<Job['pinned']['module']>) => Promise<string[]>;
}

/** Folder of the copies, relative to the state folder. */
export const COPIES_FOLDER = 'modules';

export function moduleVersions(
  stateDir: string,
  installed: () => readonly InstalledModule[],
): ModuleVersions {
  const turns = new KeyedLock();
  const root = join(stateDir, COPIES_FOLDER);
  const folderOf = ({ type, name }: { type: string; name: string }): string => join(root, type, name);
  const installedAs = (type: string, name: string): InstalledModule | undefined =>
    installed().find(({ info }) => info.type === type && info.name === name);

  let linked: Promise<void> | undefined;
  const keep = async ({ info, path, hash }: InstalledModule): Promise<void> => {
    if (hash === null) return;
    // without the link, the code of the copy still finds the kit, but more slowly
    linked ??= linkKit(root).catch(() => undefined);
    await linked;
    await turns.run(`${info.type}/${info.name}`, () => copyModule(dirname(path), folderOf(info), hash));
  };

  return {
    keep,
    async placeOf({ type, name, hash }) {
      const module = installedAs(type, name);
      if (module?.hash === null) return { path: module.path, hash: null };
      // a job from an older release, which did not pin code, runs the installed module
      const wanted = hash ?? module?.hash;
      if (wanted === undefined) throw missing(`the ${type} module "${name}" is not installed`);
      const path = join(folderOf({ type, name }), wanted, 'module.js');
      if (await exists(path)) return { path, hash: wanted };
      if (module?.hash !== wanted)
        throw missing(`the version of the module that the job needs no longer exists: ${dirname(path)}`);
      await keep(module).catch((error: unknown) => {
        throw missing(`${type}/${name} cannot be copied: ${String(error)}`, error);
      });
      return { path, hash: wanted };
    },
    async sweep(pinned) {
      const kept = new Map<string, Set<string>>();
      const note = (at: { type: string; name: string }, hash: string | null | undefined): void => {
        const known = kept.get(folderOf(at)) ?? new Set();
        if (typeof hash === 'string') known.add(hash);
        kept.set(folderOf(at), known);
      };
      for (const { info, hash } of installed()) note(info, hash);
      for (const at of pinned) note(at, at.hash);
      const removed: string[] = [];
      for (const type of await foldersOf(root))
        for (const name of await foldersOf(join(root, type))) {
          const folder = join(root, type, name);
          const gone = await removeCopies(folder, kept.get(folder) ?? new Set());
          removed.push(...gone.map((hash) => `${type}/${name}/${hash}`));
        }
      return removed;
    },
  };
}

/** The error for missing code. The job waits as if a system were down, because the operator can restore the code. */
function missing(detail: string, cause?: unknown): AgentError {
  return new AgentError('unknown_module', 'The product of this service is not installed.', {
    role: 'agent',
    failure: 'unreachable',
    detail,
    ...(cause === undefined ? {} : { cause }),
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** Empty if the folder does not exist. */
async function foldersOf(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name);
}
