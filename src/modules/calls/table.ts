/** Maps every call that the code of all modules can make to its implementation. */
import type { Logger } from 'pino';
import type { Clock } from '../../kernel/clock.js';
import { callCheck } from '../../jobs/effects/call-check.js';
import type { ModuleCaller, ModuleCalls } from '../../jobs/effects/module-calls.js';
import type { ModuleCallName } from '../kit/host-calls.js';
import { type AlertSink, alertCalls } from './alerts.js';
import { MODULE_CALL_ARGUMENTS } from './arguments.js';
import { moduleCache } from './cache.js';
import type { Sealing } from './cache-folder.js';
import { type ModuleCall, refused } from './call.js';
import * as crypto from './crypto.js';
import { type EventCallDeps, eventEmitting } from './events.js';
import { httpRequest } from './http.js';
import { httpAgents } from './http-agents.js';
import { jwtCalls } from './jwt.js';
import * as mail from './mail.js';
import { probes } from './probe.js';
import type { IsPublic } from './public-addresses.js';
import { type ModuleRun, runCounter } from './runs.js';
import * as secrets from './secrets.js';
import { serviceReader, type ServiceReaderDeps } from './services.js';
import { taskAdding, type TaskCallDeps } from './tasks.js';

export interface ModuleCallDeps
  extends ServiceReaderDeps, Pick<TaskCallDeps, 'addTask'>, Pick<EventCallDeps, 'emitEvent'> {
  readonly stateDir: string;
  readonly box: Sealing;
  readonly clock: Clock;
  readonly log: Logger;
  readonly isPublic: IsPublic;
  readonly alerts: AlertSink;
  readonly ran: (run: ModuleRun) => void;
}

export interface OpenModuleCalls {
  readonly call: ModuleCalls;
  /** Closes the connections. Must be called after the jobs have ended. */
  close(): Promise<void>;
}

export function openModuleCalls(deps: ModuleCallDeps): OpenModuleCalls {
  const agents = httpAgents(deps.isPublic);
  const table = tableOf(deps, httpRequest({ agents, clock: deps.clock }));
  const check = callCheck(MODULE_CALL_ARGUMENTS);
  return {
    async call(caller, name, args) {
      if (!isKnown(name)) throw refused('The module called an unknown operation.', name.slice(0, 200));
      check(name, args);
      // each function has the right type for its name, but the compiler cannot express that for the union of all names
      const run = table[name] as (caller: ModuleCaller, ...args: readonly unknown[]) => Promise<unknown>;
      return run(caller, ...args);
    },
    close: () => agents.close(),
  };
}

function isKnown(name: string): name is ModuleCallName {
  return Object.hasOwn(MODULE_CALL_ARGUMENTS, name);
}

function tableOf(
  deps: ModuleCallDeps,
  request: ModuleCall<'http.request'>,
): { readonly [N in ModuleCallName]: ModuleCall<N> } {
  const cache = moduleCache(deps);
  const probe = probes(deps.isPublic);
  const alerts = alertCalls(deps.alerts);
  const services = serviceReader(deps);
  const jwt = jwtCalls(deps.clock);
  return {
    'secrets.ensure': secrets.ensure,
    'secrets.put': secrets.put,
    'secrets.password': secrets.password,
    'cache.get': cache.get,
    'cache.put': cache.put,
    'cache.forget': cache.forget,
    'cache.flush': cache.flush,
    'http.request': request,
    'crypto.digest': crypto.digest,
    'crypto.hmac': crypto.hmac,
    'crypto.verify': crypto.verify,
    'crypto.basic': crypto.basic,
    'crypto.signJwt': jwt.sign,
    'crypto.verifyJwt': jwt.verify,
    'mail.send': mail.send,
    'probe.ping': probe.ping,
    'probe.tcp': probe.tcp,
    'probe.tls': probe.tls,
    'probe.dns': probe.dns,
    'alerts.raise': alerts.raise,
    'alerts.clear': alerts.clear,
    'services.get': services.get,
    'services.page': services.page,
    'tasks.add': taskAdding(deps),
    'events.emit': eventEmitting(deps),
    'metrics.observe': runCounter(deps.ran),
  };
}
