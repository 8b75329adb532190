/**
 * The cache of each module. Recently used values are also kept in memory, in one cache for all modules, so that many
 * modules together cannot fill the daemon's memory.
 */
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { Clock } from '../../kernel/clock.js';
import { KeyedLock } from '../../kernel/async/keyed-lock.js';
import { type CacheEntry, CacheFolder, type CacheLimits, type Sealing } from './cache-folder.js';
import { type ModuleCall, moduleNameOf, refused } from './call.js';

export interface ModuleCacheDeps {
  /** The state folder. The cache is in a hidden folder, so exports leave it out. */
  readonly stateDir: string;
  readonly box: Sealing;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
  readonly limits?: CacheLimits & { readonly memoryBytes: number };
}

export interface ModuleCache {
  readonly get: ModuleCall<'cache.get'>;
  readonly put: ModuleCall<'cache.put'>;
  readonly forget: ModuleCall<'cache.forget'>;
  readonly flush: ModuleCall<'cache.flush'>;
}

const MIB = 1024 ** 2;
const LIMITS = { memoryBytes: 8 * MIB, diskBytes: 16 * MIB, entries: 2_000 } as const;
const DEFAULT_TTL_S = 3_600;

export const CACHE_FOLDER = '.module-cache';

export function moduleCache({ stateDir, box, clock, log, limits = LIMITS }: ModuleCacheDeps): ModuleCache {
  const folders = new Map<string, CacheFolder>();
  const turns = new KeyedLock();
  const recent = new LRUCache<string, CacheEntry>({
    maxSize: limits.memoryBytes,
    sizeCalculation: ({ key, value }) => key.length + JSON.stringify(value).length + 1,
  });

  /** Calls for one module run one after the other, so the list of its files always matches its folder. */
  const inFolder = <T>(module: string, work: (folder: CacheFolder) => Promise<T>): Promise<T> =>
    turns.run(module, async () => {
      const folder =
        folders.get(module) ?? (await CacheFolder.open(join(stateDir, CACHE_FOLDER, module), box, limits));
      folders.set(module, folder);
      return work(folder);
    });
  const inMemory = (module: string, key: string): string => `${module}\0${key}`;

  return {
    get: (caller, key) => {
      const module = moduleNameOf(caller);
      return inFolder(module, async (folder) => {
        const now = clock.now();
        const known = recent.get(inMemory(module, key));
        if (known && known.expires_at > now) {
          folder.touch(key);
          return known.value;
        }
        const entry = await folder.get(key, now);
        if (entry) recent.set(inMemory(module, key), entry);
        else recent.delete(inMemory(module, key));
        return entry?.value ?? null;
      });
    },
    put: async (caller, key, value, { ttlS = DEFAULT_TTL_S, tags = [] } = {}) => {
      const module = moduleNameOf(caller);
      if (value === null)
        throw refused('The module cannot cache null.', `${key}: null means that the cache has no value`);
      return inFolder(module, async (folder) => {
        const entry = { key, value, tags: [...tags], expires_at: clock.now() + ttlS * 1000 };
        recent.set(inMemory(module, key), entry);
        // without a place on disk, the value is kept in memory only
        await folder.put(entry).catch((error: unknown) => {
          log.warn(
            { err: error, module },
            'a value of a module could not be cached on disk; it is kept in memory',
          );
        });
      });
    },
    forget: (caller, key) => {
      const module = moduleNameOf(caller);
      return inFolder(module, async (folder) => {
        const now = clock.now();
        const known = recent.peek(inMemory(module, key));
        recent.delete(inMemory(module, key));
        const wasOnDisk = await folder.remove(key, now);
        return wasOnDisk || (known !== undefined && known.expires_at > now);
      });
    },
    flush: (caller, tags) => {
      const module = moduleNameOf(caller);
      return inFolder(module, async (folder) => {
        for (const [name, { tags: own }] of [...recent.entries()])
          if (name.startsWith(`${module}\0`) && (!tags || own.some((tag) => tags.includes(tag))))
            recent.delete(name);
        return folder.flush(tags, clock.now());
      });
    },
  };
}
