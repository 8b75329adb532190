/** Connects the activation, update and deactivation of modules with the rest of the agent. */
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import { neverAborted } from '../kernel/async/never.js';
import { AgentError } from '../kernel/errors.js';
import { isUpdating, type ModuleId, moduleRecordId } from '../model/module-record.js';
import type { CallerSecrets, ModuleCalls } from '../jobs/effects/module-calls.js';
import type { ModuleCode } from '../jobs/engine/module-code.js';
import type { RunnerDeps } from '../jobs/engine/runner.js';
import type { SubjectKind } from '../jobs/engine/subject-kind.js';
import { barrier } from '../modules/activation/barrier.js';
import type { ModuleLifecycle } from '../model/module-operations.js';
import { moduleLifecycle } from '../modules/activation/lifecycle.js';
import { lifecycleCalls } from '../modules/activation/lifecycle-calls.js';
import { MODULE_SUBJECT, moduleSubject } from '../modules/activation/module-subject.js';
import { moduleSecrets } from '../modules/activation/module-secrets.js';
import { pinVersion } from '../modules/activation/pin-version.js';
import { settleModules } from '../modules/activation/settle.js';
import { isShippedModule } from '../modules/catalogue.js';
import type { ModuleCollections } from '../modules/collections/module-collections.js';
import type { ModuleLog } from '../modules/log/module-log.js';
import { servicesOf } from '../modules/module-views.js';
import type { ModuleVersions } from '../modules/versions.js';
import type { State } from '../state/contract.js';
import { moduleInUse } from './module-collections.js';
import type { OpenModules } from './modules.js';

interface Parts {
  readonly config: Config;
  readonly clock: Clock;
  readonly state: State;
  readonly log: Logger;
  readonly modules: OpenModules;
  readonly versions: ModuleVersions;
  readonly collections: ModuleCollections;
  readonly moduleCalls: ModuleCalls;
  readonly moduleLogs: Pick<ModuleLog, 'remove'>;
}

export interface OpenLifecycle {
  readonly lifecycle: ModuleLifecycle;
  readonly subject: SubjectKind;
  /** The secrets of a module that has a record. */
  readonly secretsOf: (module: ModuleId) => CallerSecrets;
  /** The code of jobs, which is kept from running while its module is updated. */
  readonly around: (code: ModuleCode) => ModuleCode;
  readonly isHeld: NonNullable<RunnerDeps['isHeld']>;
  /** Activates modules that were found for the first time. Never rejects. */
  readonly settle: () => Promise<void>;
}

export function openLifecycle(parts: Parts): OpenLifecycle {
  const { config, clock, state, log, modules, versions, collections } = parts;
  const { records, live, readCopy } = modules;
  const isBeingUpdated = (module: ModuleId): boolean => {
    const record = records.find(module);
    return record !== undefined && isUpdating(record);
  };
  const gate = barrier(clock, isBeingUpdated);
  const calls = lifecycleCalls({
    barrier: gate,
    collections,
    codeOf: ({ pinned: { module } }) => {
      const target = modules.target(module);
      if (target) return moduleInUse(target, versions);
      throw new AgentError('unknown_module', 'The module is not installed.', {
        ...{ role: 'agent', failure: 'unreachable' },
        detail: `${module.type}/${module.name} ${module.version} cannot be read`,
      });
    },
    purge: (module) => purge(parts, module),
  });
  const lifecycle = moduleLifecycle({
    ...{ config, clock, records, live, versions, readCopy },
    isShipped: isShippedModule,
    services: (module) => servicesOf(module, state.services.entries()),
  });
  return {
    lifecycle,
    secretsOf: (module) => moduleSecrets(records, moduleRecordId(module), collections),
    subject: moduleSubject({
      ...{ records, collections, moduleCalls: parts.moduleCalls, lifecycle: calls },
      services: state.services,
    }),
    around: (code) => ({ ...gate.around(code), current: pinVersion(live.inUse, clock) }),
    isHeld: ({ subject, module }) => subject.kind.name !== MODULE_SUBJECT && isBeingUpdated(module),
    settle: () => settleModules({ records, live, lifecycle, isShipped: isShippedModule, log }),
  };
}

/** Removes the cache and the log of a module. */
async function purge({ moduleCalls, moduleLogs, log }: Parts, module: ModuleId): Promise<void> {
  const { type, name } = module;
  const caller = {
    ...{ module: { type, name }, service: null, log, signal: neverAborted() },
    secrets: { find: async () => undefined, change: async () => {} },
  };
  await moduleCalls(caller, 'cache.flush', []);
  await moduleLogs.remove(module);
}
