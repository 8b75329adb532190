/** Modules of the tests, whose requests run in real processes. */
import { dirname, join } from 'node:path';
import pino from 'pino';
import type { Test } from 'tap';
import { openModuleRequests, type OpenModuleRequests } from '../../../src/boot/module-requests.js';
import { systemClock } from '../../../src/kernel/clock.js';
import type { JsonObject } from '../../../src/kernel/json.js';
import type { Secret } from '../../../src/kernel/secret.js';
import type { CallerRequest } from '../../../src/model/module-request.js';
import type { NewTask } from '../../../src/model/new-task.js';
import type { Permission } from '../../../src/model/permissions.js';
import { moduleCollections } from '../../../src/modules/collections/module-collections.js';
import type { Module } from '../../../src/modules/kit/module.js';
import { shippedModules } from '../../../src/modules/loader.js';
import type { ModulesInUse, RegisteredModule } from '../../../src/modules/registry.js';
import { openState } from '../../../src/state/open.js';
import type { State } from '../../../src/state/contract.js';
import { testConfig } from '../../fakes/config.js';
import { fakeModuleCalls } from '../../fakes/module-calls.js';
import { registeredProduct } from '../../fakes/registered-product.js';
import { testFolder } from '../../test-folder.js';

export interface Desk {
  readonly requests: OpenModuleRequests;
  readonly state: State;
  readonly log: string[];
  /** Lines of the logs of modules. */
  readonly moduleLog: object[];
  /** The code that is recorded as running. */
  readonly running: Set<string>;
  /** The tasks that modules have added. */
  readonly added: NewTask[];
  readonly known: { state: 'error'; reason: string; type: string; name: string }[];
}

/** `fake`: the folder of the module in `test/fakes`. */
export function registered(module: Module, fake: string, given: JsonObject = {}): RegisteredModule {
  const path = join(dirname(shippedModules()), 'test/fakes', fake, 'module.js');
  return { ...registeredProduct(module, given), path, hash: fake };
}

export interface DeskOptions {
  readonly processes?: number;
  readonly timeoutS?: number;
}

export async function openDesk(
  t: Test,
  modules: readonly RegisteredModule[],
  { processes = 2, timeoutS = 20 }: DeskOptions = {},
): Promise<Desk> {
  const dir = testFolder(t);
  const config = testConfig();
  Object.assign(config.modules, {
    ...{ request_processes: processes, request_timeout_s: timeoutS, job_heap_mb: 64, job_memory_mb: 256 },
  });
  const state = await openState({ dir, key: Buffer.alloc(32, 7), clock: systemClock });
  t.teardown(() => state.close());
  const log: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => log.push(line) });
  const inUse: ModulesInUse = {
    list: () => modules,
    find: (type, name) => modules.find(({ info }) => info.type === type && info.name === name),
  };
  const pathOf = ({ type, name }: { type: string; name: string }): string =>
    inUse.find(type, name)?.path ?? '';
  const collections = moduleCollections({
    store: state.collections,
    moduleOf(at) {
      const found = inUse.find(at.type, at.name);
      return (
        found && {
          ...{ type: found.info.type, name: found.info.name, hash: found.hash, declared: found.declared },
          path: async () => found.path,
        }
      );
    },
    enter: () => () => {},
    process: { entry: '', heapMb: 64, memoryMb: 128 },
    log: logger,
  });
  const added: NewTask[] = [];
  const addTask = async (task: NewTask) => ({ id: `task-${added.push(task)}` });
  const calls = fakeModuleCalls({ stateDir: dir, services: state.services, addTask });
  t.teardown(() => calls.close());
  const secrets = new Map<string, Secret>();
  const moduleLog: object[] = [];
  const running = new Set<string>();
  const known: Desk['known'] = [];
  const requests = openModuleRequests({
    ...{ config, clock: systemClock, state, inUse, log: logger, collections },
    known: () => known as never,
    versions: {
      ...{ keep: async () => {}, sweep: async () => [] },
      placeOf: async (pinned) => ({ path: pathOf(pinned), hash: pinned.hash ?? null }),
    },
    strikes: {
      ...{ problemOf: () => undefined, isSuspect: () => false, close: () => {} },
      enter({ module }) {
        running.add(module);
        return () => void running.delete(module);
      },
    },
    secretsOfModule: ({ type, name }) => ({
      find: async (secret) => secrets.get(`${type}/${name} ${secret}`),
      change: async (secret, fn) => {
        const key = `${type}/${name} ${secret}`;
        secrets.set(key, fn(secrets.get(key)));
      },
    }),
    moduleCalls: calls.call,
    moduleLogged: (module, line, about) => void moduleLog.push({ module, ...line, ...about }),
  });
  t.teardown(() => requests.close());
  return { requests, state, log, moduleLog, running, known, added };
}

export interface Asked {
  readonly method?: string;
  readonly query?: Record<string, string>;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly permissions?: readonly Permission[];
  readonly module?: { readonly type: string; readonly name: string };
}

const MONITOR = { type: 'plugin', name: 'monitor' };

export function apiRequest(path: string, asked: Asked = {}): CallerRequest {
  const { method = 'GET', query = {}, headers = {}, body = '', permissions, module = MONITOR } = asked;
  return {
    ...{ module, method, path: path.split('/'), query, headers, from: '192.0.2.1', requestId: 'r-1' },
    body: Buffer.from(body),
    tokenId: 'tok_1',
    caller: {
      ...{ name: 'ops', panel: 'default', requestId: 'r-1' },
      permissions: new Set<Permission>(permissions ?? ['admin']),
    },
  };
}

export function jsonIn({ body }: { readonly body: unknown }): unknown {
  return JSON.parse(String(body));
}
