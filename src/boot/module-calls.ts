/** Opens what modules can use of the agent: cache, HTTP, alerts, services and so on. */
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import type { AddTask } from '../model/new-task.js';
import { mayAsk } from '../drivers/lookup/resolver/reachable.js';
import { openModuleCalls, type OpenModuleCalls } from '../modules/calls/table.js';
import type { ModulesInUse } from '../modules/registry.js';
import type { State } from '../state/contract.js';
import { SecretBox } from '../state/keys/secret-box.js';
import type { EmitEvent } from '../tasks/event-delivery.js';
import type { Counting, Telemetry } from './telemetry.js';

interface Parts {
  readonly config: Config;
  readonly clock: Clock;
  readonly state: State;
  readonly inUse: ModulesInUse;
  readonly log: Logger;
  readonly counting: Counting;
  readonly observation: Telemetry;
  readonly addTask: AddTask;
  readonly emitEvent: EmitEvent;
}

/** `keys`: the state key and its former keys. Values that were cached with another key are dropped. */
export function moduleCallsOf(
  { config, clock, state, inUse, log, counting, observation, addTask, emitEvent }: Parts,
  keys: { readonly key: Buffer; readonly former: readonly Buffer[] },
): OpenModuleCalls {
  return openModuleCalls({
    ...{ clock, log, stateDir: config.agent.state_dir, panels: config.panels },
    box: new SecretBox(keys.key, keys.former),
    ...{ services: state.services, addTask, emitEvent },
    alerts: observation.alerts,
    isPublic: (address) => mayAsk(address, config.domains),
    readsOf: ({ type, name }) => inUse.find(type, name)?.declared.reads ?? [],
    ran: counting.metrics.moduleRan,
  });
}
