/** The calls that all modules can make, with a caller whose secrets are in memory. */
import { pino } from 'pino';
import type { Test } from 'tap';
import { neverAborted } from '../../../src/kernel/async/never.js';
import { Secret } from '../../../src/kernel/secret.js';
import type { CallerSecrets, ModuleCaller } from '../../../src/jobs/effects/module-calls.js';
import type { AlertSpec } from '../../../src/model/alert.js';
import type { Service } from '../../../src/model/service.js';
import type { ModuleCallDeps } from '../../../src/modules/calls/table.js';
import type { HostCallAnswer, HostCallArgs, ModuleCallName } from '../../../src/modules/kit/host-calls.js';
import { type HandClock, handClock } from '../../fakes/clock.js';
import { memoryState } from '../../fakes/memory-state.js';
import { fakeModuleCalls } from '../../fakes/module-calls.js';
import { testFolder } from '../../test-folder.js';

export interface CallsHarness {
  /** Makes a call as the module's code does. */
  readonly call: <N extends ModuleCallName>(name: N, ...args: HostCallArgs<N>) => Promise<HostCallAnswer<N>>;
  /** With arguments that the compiler would refuse. */
  readonly raw: (name: string, ...args: readonly unknown[]) => Promise<unknown>;
  /** The same calls by another caller. */
  readonly as: (caller: Partial<ModuleCaller>) => CallsHarness;
  readonly secrets: Map<string, Secret>;
  readonly clock: HandClock;
  readonly stateDir: string;
  readonly log: string[];
  readonly alerts: Map<string, AlertSpec>;
  readonly ran: object[];
}

export interface CallsOptions {
  readonly services?: readonly Service[];
  readonly deps?: Partial<ModuleCallDeps>;
  readonly stateDir?: string;
}

export async function moduleCalls(
  t: Test,
  { services = [], deps = {}, stateDir: given }: CallsOptions = {},
): Promise<CallsHarness> {
  const stateDir = given ?? testFolder(t);
  const clock = handClock();
  const log: string[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void log.push(line) });
  const { state } = memoryState(...services);
  const opened = fakeModuleCalls({ clock, stateDir, log: logger, services: state.services, ...deps });
  const { alerts, ran } = opened;
  t.teardown(() => opened.close());
  const secrets = new Map<string, Secret>();
  const of = (caller: ModuleCaller): CallsHarness => {
    const raw: CallsHarness['raw'] = (name, ...args) => opened.call(caller, name, args);
    return {
      // the table has the answer of each name
      call: (name, ...args) => raw(name, ...args) as never,
      raw,
      as: (other) => of({ ...caller, ...other }),
      ...{ secrets, clock, stateDir, log, alerts, ran },
    };
  };
  return of({
    module: { type: 'product', name: 'shop' },
    service: 'default/12',
    secrets: inMemory(secrets),
    signal: neverAborted(),
    log: logger,
  });
}

function inMemory(secrets: Map<string, Secret>): CallerSecrets {
  return {
    find: async (name) => secrets.get(name),
    async change(name, fn) {
      secrets.set(name, fn(secrets.get(name)));
    },
  };
}
