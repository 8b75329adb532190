/** Opens the processes that handle the requests of modules. */
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import type { ModuleId } from '../model/module-record.js';
import type { ModuleRequests } from '../model/module-request.js';
import type { CollectionAccess } from '../jobs/effects/collection-access.js';
import type { CallerSecrets, ModuleCaller, ModuleCalls } from '../jobs/effects/module-calls.js';
import type { ModuleLogged } from '../jobs/engine/module-line.js';
import { shippedModules } from '../modules/loader.js';
import type { KnownModule, ModulesInUse } from '../modules/registry.js';
import { callAnswerer } from '../modules/requests/answer-call.js';
import { instanceSecrets } from '../modules/requests/instance-secrets.js';
import { REPLY_BOUNDS } from '../modules/requests/messages.js';
import { moduleRequests } from '../modules/requests/module-requests.js';
import { requestRates } from '../modules/requests/rate.js';
import { requestPool } from '../modules/requests/request-pool.js';
import { requestRunner } from '../modules/requests/run-request.js';
import type { Strikes } from '../modules/strikes.js';
import type { ModuleVersions } from '../modules/versions.js';
import type { State } from '../state/contract.js';

interface Parts {
  readonly config: Config;
  readonly clock: Clock;
  readonly state: State;
  readonly inUse: ModulesInUse;
  readonly log: Logger;
  readonly known: () => readonly KnownModule[];
  readonly versions: ModuleVersions;
  readonly strikes: Strikes;
  readonly moduleCalls: ModuleCalls;
  readonly moduleLogged: ModuleLogged;
  readonly collections: CollectionAccess;
  readonly secretsOfModule: (module: ModuleId) => CallerSecrets;
}

export interface OpenModuleRequests extends ModuleRequests {
  /** Ends the processes. */
  close(): Promise<void>;
}

const IDLE_MS = 60_000;
/** Characters of the longest reply, whose body is sent in base64. */
const LONGEST_MESSAGE = 2 * REPLY_BOUNDS.body;

export function openModuleRequests(parts: Parts): OpenModuleRequests {
  const { config, clock, state, inUse, log, known, versions, strikes } = parts;
  const { moduleCalls, moduleLogged, collections, secretsOfModule } = parts;
  const pool = requestPool({
    process: {
      entry: join(dirname(shippedModules()), 'src', 'modules', 'requests', 'request-main.js'),
      heapMb: config.modules.job_heap_mb,
      memoryMb: config.modules.job_memory_mb,
      longestMessage: LONGEST_MESSAGE,
    },
    most: config.modules.request_processes,
    idleMs: IDLE_MS,
  });
  const secretsOf = ({ type, name }: ModuleCaller['module'], instance: string | null): CallerSecrets => {
    const ofModule = secretsOfModule({ type, name });
    return instance === null ? ofModule : instanceSecrets(state.instances, instance, ofModule);
  };
  const run = requestRunner({
    ...{ pool, versions, strikes, clock, log, moduleLogged },
    answer: callAnswerer({ moduleCalls, collections, services: state.services, secretsOf }),
    mostMs: config.modules.request_timeout_s * 1000,
  });
  const { instances } = state;
  return {
    ...moduleRequests({ inUse, known, run, instances, count: requestRates(clock) }),
    close: () => pool.stop(),
  };
}
