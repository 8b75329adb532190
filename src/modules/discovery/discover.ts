/**
 * Finds out what all modules declare, without running any of their code in this process: from the cache, or from a
 * process that reads the module.
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
  /** Path of the process's entry in the build. */
  readonly reader: string;
  /** Undefined: every module is read. */
  readonly cache?: DeclarationsCache | undefined;
  /** Modules of `found` that were read before; they are not read again. */
  readonly known?: readonly DiscoveredModule[] | undefined;
  /** Whether it comes with the agent. */
  readonly isShipped: (module: FoundModule) => boolean;
  /** Of those that do not. */
  readonly limits: ReadLimits;
  /** By hash, why code of those that do not must not run; undefined when it may (`strikes.ts`). */
  readonly problemOf?: Strikes['problemOf'];
  /** Records what is being read, because module code can end the daemon from the other process. */
  readonly strikes?: Pick<Strikes, 'enter' | 'isSuspect'> | undefined;
}

/** A module with its declarations, or with what is wrong with it. */
export interface DiscoveredModule extends FoundModule {
  /** Null when the folder cannot be hashed. */
  readonly hash: string | null;
  readonly read: ReadModule | null;
  /** For an operator; null when it was read. */
  readonly problem: string | null;
}

/** Each process takes a core and some 40 MB while it reads. */
const AT_ONCE = 4;

/** In the order of `found`. Of two modules with one name the first is used. `settings`: by the name of a product. */
export async function discover(
  { reader, cache, known: read = [], isShipped, limits, problemOf, strikes }: DiscoverDeps,
  found: readonly FoundModule[],
  settings: Readonly<Record<string, JsonObject>>,
): Promise<DiscoveredModule[]> {
  const queue = new PQueue({ concurrency: AT_ONCE });
  // one at a time, so that a second death counts only against the module that caused it
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
    if (twin && twin !== one)
      return broken(one, null, `a module with this name is already in ${dirname(twin.path)}`);
    if (!existsSync(one.path)) return broken(one, null, 'the folder does not contain module.js');
    const given = one.type === 'product' ? (settings[one.name] ?? {}) : {};
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
    // false if a file was replaced meanwhile
    const isSame = (await contentHash(dirname(one.path)).catch(() => null)) === hash;
    const isKept = end.kind === 'read' || (end.isLate && !isShipped(one));
    if (isSame && isKept) await cache?.keep(key, end);
    return outcome(one, hash, end);
  };
  return Promise.all(found.map((one) => queue.add(() => examine(one))));
}

/** On a full disk the module is read without a record: otherwise it could not be used until the next start. */
function enter(strikes: DiscoverDeps['strikes'], code: RunningCode): () => void {
  try {
    return strikes?.enter(code) ?? ((): void => undefined);
  } catch {
    return () => undefined;
  }
}

/** The entry in the build of the running program. `programs`: the folder that holds `src` and `modules`. */
export function readerOf(programs: string): string {
  return join(programs, 'src', 'modules', 'discovery', 'reader.js');
}

function outcome(one: FoundModule, hash: string, end: ReadEnd): DiscoveredModule {
  return end.kind === 'read'
    ? { ...one, hash, read: end.module, problem: null }
    : broken(one, hash, end.problem);
}

function broken(one: FoundModule, hash: string | null, problem: string): DiscoveredModule {
  return { ...one, hash, read: null, problem };
}
