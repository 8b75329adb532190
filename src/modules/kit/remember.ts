/** Computes a value once and keeps it in the cache of the module. */
import type { Json } from '../../kernel/json.js';
import type { HostFunctions } from './host-calls.js';
import type { CacheOptions } from './module-call-types.js';

export async function remember<T extends Json>(
  cache: HostFunctions['cache'],
  key: string,
  options: CacheOptions,
  make: () => Promise<T> | T,
): Promise<T> {
  const known = await cache.get(key);
  // the module is responsible for the type: it is the only one that writes to its cache
  if (known !== null) return known as T;
  const made = await make();
  // null means that there is no value, so it is not kept
  if (made !== null) await cache.put(key, made, options);
  return made;
}
