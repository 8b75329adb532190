/** Opens the collections of the modules that are in use. */
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import {
  type ModuleCollections,
  moduleCollections,
  type ModuleInUse,
} from '../modules/collections/module-collections.js';
import { shippedModules } from '../modules/loader.js';
import type { Products } from '../modules/registry.js';
import type { Strikes } from '../modules/strikes.js';
import type { ModuleVersions } from '../modules/versions.js';
import type { State } from '../state/contract.js';

interface Parts {
  readonly config: Config;
  readonly state: State;
  readonly products: Products;
  readonly log: Logger;
}

/** Characters of the documents that a process returns at once, which may be larger than those that it was given. */
const LONGEST_MESSAGE = 16 * 1024 ** 2;

export function openModuleCollections(
  { config, state, products, log }: Parts,
  versions: Pick<ModuleVersions, 'placeOf'>,
  strikes: Pick<Strikes, 'enter'>,
): ModuleCollections {
  const programs = dirname(shippedModules());
  return moduleCollections({
    store: state.collections,
    moduleOf: ({ type, name }) => (type === 'product' ? inUse(products, name, versions) : undefined),
    enter: (code) => strikes.enter(code),
    process: {
      entry: join(programs, 'src', 'modules', 'collections', 'migrate-main.js'),
      heapMb: config.modules.job_heap_mb,
      memoryMb: config.modules.job_memory_mb,
      longestMessage: LONGEST_MESSAGE,
    },
    log,
  });
}

function inUse(
  products: Products,
  name: string,
  versions: Pick<ModuleVersions, 'placeOf'>,
): ModuleInUse | undefined {
  const product = products.find(name);
  if (!product) return undefined;
  const { info, hash, declared } = product;
  const pinned = { type: info.type, name, version: info.version, ...(hash === null ? {} : { hash }) };
  return {
    ...{ type: info.type, name, hash, declared },
    path: async () => (await versions.placeOf(pinned)).path,
  };
}
