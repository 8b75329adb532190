/** Opens the collections of the modules that are in use. */
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { ModuleId } from '../model/module-record.js';
import {
  type ModuleCollections,
  moduleCollections,
  type ModuleInUse,
} from '../modules/collections/module-collections.js';
import { shippedModules } from '../modules/loader.js';
import type { ModulesInUse, RegisteredModule } from '../modules/registry.js';
import type { Strikes } from '../modules/strikes.js';
import type { ModuleVersions } from '../modules/versions.js';
import type { State } from '../state/contract.js';

interface Parts {
  readonly config: Config;
  readonly state: State;
  readonly inUse: ModulesInUse;
  /** The version that is being activated or deactivated. */
  readonly target: (module: ModuleId) => RegisteredModule | undefined;
  readonly log: Logger;
}

/** Characters of the documents that a process returns at once, which may be larger than those that it was given. */
const LONGEST_MESSAGE = 16 * 1024 ** 2;

export function openModuleCollections(
  { config, state, inUse, target, log }: Parts,
  versions: Pick<ModuleVersions, 'placeOf'>,
  strikes: Pick<Strikes, 'enter'>,
): ModuleCollections {
  const programs = dirname(shippedModules());
  return moduleCollections({
    store: state.collections,
    moduleOf: ({ type, name }) => {
      const module = inUse.find(type, name) ?? target({ type, name });
      return module && moduleInUse(module, versions);
    },
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

/** The module with the path of the code that jobs run. */
export function moduleInUse(
  { info, hash, declared }: RegisteredModule,
  versions: Pick<ModuleVersions, 'placeOf'>,
): ModuleInUse {
  const { type, name, version } = info;
  const pinned = { type, name, version, ...(hash === null ? {} : { hash }) };
  return { type, name, hash, declared, path: async () => (await versions.placeOf(pinned)).path };
}
