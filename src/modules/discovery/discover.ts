/**
 * Gets the declarations of all modules. No module code runs in this process: the declarations come from the cache or
 * from a child process that reads the module.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import PQueue from 'p-queue';
import type { JsonObject } from '../../kernel/json.js';
import { cleaned } from '../../kernel/text.js';
import { contentHash } from '../content-hash.js';
import type { FoundModule } from '../loader.js';
import type { RunningCode, Strikes } from '../strikes.js';
import type { ReadModule } from './answer.js';
import type { DeclarationsCache } from './declarations-cache.js';
import { type ReadEnd, readModule, SHIPPED_LIMITS } from './read-module.js';
import type { ReadLimits } from './reader-process.js';

export interface DiscoverDeps {
  /** Path of the program that reads a module, in the build. */
  readonly reader: string;
  /** If it is undefined, every module is read. */
  readonly cache?: DeclarationsCache | undefined;
  /** Modules of `found` that were read before; they are not read again. */
  readonly known?: readonly DiscoveredModule[] | undefined;
  /** Whether the module is shipped with the agent. */
  readonly isShipped: (module: FoundModule) => boolean;
  /** Limits for reading modules that are not shipped with the agent. */
  readonly limits: ReadLimits;
  /**
   * For the hash of code that is not shipped with the agent: why the code must not run, or undefined when it may run
   * (`strikes.ts`).
   */
  readonly problemOf?: Strikes['problemOf'];
  /** Records which module is being read, because module code in the child process could kill the daemon. */
  readonly strikes?: Pick<Strikes, 'enter' | 'isSuspect'> | undefined;
}

/** A module with its declarations, or with the reason why they could not be read. */
export interface DiscoveredModule extends FoundModule {
  /** Null when the folder cannot be hashed. */
  readonly hash: string | null;
  readonly read: ReadModule | null;
  /** Why the module could not be read, for operators; null if it was read. */
  readonly problem: string | null;
}

/** Number of modules that are read at once. Each process needs one processor core and about 40 MB while it reads. */
const AT_ONCE = 4;

/**
 * Returns the modules in the order of `found`. If two modules have the same name, the first is used. `settings` maps
 * the name of a product to its settings, or returns the settings of a module.
 */
export async function discover(
  { reader, cache, known: read = [], isShipped, limits, problemOf, strikes }: DiscoverDeps,
  found: readonly FoundModule[],
  settings: Readonly<Record<string, JsonObject>> | ((module: FoundModule) => JsonObject),
): Promise<DiscoveredModule[]> {
  const queue = new PQueue({ concurrency: AT_ONCE });
  // modules that were running when the daemon died are read one at a time, so that a second death is blamed only on the
  // module that caused it
  const suspects = new PQueue({ concurrency: 1 });
  const program = createHash('sha256')
    .update(await readFile(reader))
    .digest('hex');
  const recorded = (
    { type, name }: FoundModule,
    hash: string,
    read: () => Promise<ReadEnd>,
  ): Promise<ReadEnd> => {
    const run = async (): Promise<ReadEnd> => {
      const leave = enter(strikes, { module: `${type}/${name}`, hash });
      return read().finally(leave);
    };
    return strikes?.isSuspect(hash) === true ? suspects.add(run) : run();
  };
  const examine = async (one: FoundModule): Promise<DiscoveredModule> => {
    const before = read.find(({ path }) => path === one.path);
    if (before) return before;
    const twin = found.find(({ type, name }) => type === one.type && name === one.name);
    if (twin && twin !== one && !one.isCopy)
      return broken(one, null, `a module with this name is already in ${dirname(twin.path)}`);
    if (!existsSync(one.path)) return broken(one, null, 'the folder does not contain module.js');
    const given = typeof settings === 'function' ? settings(one) : ofProduct(settings, one);
    let hash: string;
    try {
      hash = await contentHash(dirname(one.path));
    } catch (error) {
      return broken(one, null, cleaned(error instanceof Error ? error.message : String(error)));
    }
    const problem = isShipped(one) ? undefined : problemOf?.(hash);
    if (problem !== undefined) return broken(one, hash, problem);
    const key = { ...one, hash, settings: given, reader: program };
    const known = await cache?.find(key);
    if (known) return outcome(one, hash, known);
    const request = { ...one, settings: given };
    const end = isShipped(one)
      ? await readModule(reader, request, SHIPPED_LIMITS)
      : await recorded(one, hash, () => readModule(reader, request, limits));
    // false if a file was replaced while the module was read
    const isSame = (await contentHash(dirname(one.path)).catch(() => null)) === hash;
    const isKept = end.kind === 'read' || (end.isLate && !isShipped(one));
    if (isSame && isKept) await cache?.keep(key, end);
    return outcome(one, hash, end);
  };
  return Promise.all(found.map((one) => queue.add(() => examine(one))));
}

/**
 * Records that this code is running. If the disk is full, the module is read without a record, because otherwise it
 * could not be used until the next start.
 */
function enter(strikes: DiscoverDeps['strikes'], code: RunningCode): () => void {
  try {
    return strikes?.enter(code) ?? ((): void => undefined);
  } catch {
    return () => undefined;
  }
}

/**
 * Path of the program that reads modules, in the build of the running agent. `programs`: the folder that holds `src`
 * and `modules`.
 */
export function readerOf(programs: string): string {
  return join(programs, 'src', 'modules', 'discovery', 'reader.js');
}

function ofProduct(settings: Readonly<Record<string, JsonObject>>, { type, name }: FoundModule): JsonObject {
  return type === 'product' ? (settings[name] ?? {}) : {};
}

function outcome(one: FoundModule, hash: string, end: ReadEnd): DiscoveredModule {
  return end.kind === 'read'
    ? { ...one, hash, read: end.module, problem: null }
    : broken(one, hash, end.problem);
}

function broken(one: FoundModule, hash: string | null, problem: string): DiscoveredModule {
  return { ...one, hash, read: null, problem };
}
