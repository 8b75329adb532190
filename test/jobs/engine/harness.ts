/** A job engine over fake drivers and a real state folder, for tests of what becomes of jobs. */
import { dirname, join } from 'node:path';
import { pino } from 'pino';
import type { Test } from 'tap';
import { v7 as uuidv7 } from 'uuid';
import type { Config } from '../../../src/config/config.js';
import { systemClock } from '../../../src/kernel/clock.js';
import type { Job } from '../../../src/model/job.js';
import type { JsonObject } from '../../../src/kernel/json.js';
import type { Service, ServiceKey } from '../../../src/model/service.js';
import { type Circuits, newCircuits } from '../../../src/drivers/shared/circuit.js';
import { kindData } from '../../../src/model/job-kinds.js';
import { withJob } from '../../../src/services/outcomes.js';
import { serviceSubject } from '../../../src/jobs/effects/service-subject.js';
import { leases } from '../../../src/jobs/engine/leases.js';
import type { LogLine } from '../../../src/jobs/engine/log-ration.js';
import { type Runner, type RunnerDeps, runner } from '../../../src/jobs/engine/runner.js';
import type { ModuleCode } from '../../../src/jobs/engine/module-code.js';
import { moduleProcesses } from '../../../src/jobs/engine/processes.js';
import { breeThreads } from '../../../src/jobs/engine/threads.js';
import { shippedModules } from '../../../src/modules/loader.js';
import type { State } from '../../../src/state/contract.js';
import { openState } from '../../../src/state/open.js';
import { noCollections } from '../../fakes/collections.js';
import { testConfig } from '../../fakes/config.js';
import { type FakeDrivers, fakeDrivers, fakeWatch } from '../../fakes/drivers.js';
import { type FakeModuleCalls, fakeModuleCalls } from '../../fakes/module-calls.js';
import { aJob, aService } from '../../fakes/samples.js';
import { testFolder } from '../../test-folder.js';

export const KEY: ServiceKey = 'default/12';
const dist = dirname(shippedModules());
const base = testConfig();
export const config: Config = {
  ...base,
  jobs: { ...base.jobs, slots: 3, interactive_slots: 1, stop_s: 5 },
  container_host: {
    ...base.container_host,
    poll_s: 10,
    proxmox: { ...base.container_host.proxmox, vmids: { first: 1000, last: 1099 } },
  },
  addresses: {
    pools: [{ name: 'v4', first: '10.77.0.10', last: '10.77.0.99', prefix: 24, gateway: '10.77.0.1' }],
  },
};

export interface Engine {
  readonly state: State;
  readonly drivers: FakeDrivers;
  readonly runner: Runner;
  readonly log: string[];
  readonly circuits: Circuits;
  readonly calls: FakeModuleCalls;
  /** What modules logged. */
  readonly moduleLines: LogLine[];
}

/** Whose code the jobs run. */
export interface TestModule {
  readonly path: string;
  readonly isOurs: boolean;
  readonly enter?: ModuleCode['enter'];
}

export async function engine(
  t: Test,
  dir = testFolder(t),
  drivers = fakeDrivers(),
  watch = fakeWatch(),
  module: TestModule = { path: join(dist, 'test/fakes/product/module.js'), isOurs: true },
): Promise<Engine> {
  const log: string[] = [];
  const state = await openState({ dir, key: Buffer.alloc(32, 7), clock: systemClock });
  const circuits = newCircuits(systemClock, { failures: 1, pauseMs: 100 });
  const calls = fakeModuleCalls({ stateDir: dir, services: state.services, clock: systemClock });
  t.teardown(() => calls.close());
  const moduleLines: LogLine[] = [];
  const deps: RunnerDeps = {
    subjects: [
      serviceSubject({
        ...{ config, drivers, watch, withJob, moduleCalls: calls.call },
        clock: systemClock,
        services: state.services,
        reservations: state.reservations,
        servers: state.servers,
        collections: noCollections,
        archive: state.archive,
      }),
    ],
    config,
    kinds: kindData,
    clock: systemClock,
    log: pino({ level: 'debug' }, { write: (line: string) => void log.push(line) }),
    leases: leases(),
    moduleLogged: (_, line) => void moduleLines.push(line),
    circuits,
    threads: breeThreads(join(dist, 'src/jobs/engine/worker.js')),
    processes: moduleProcesses({
      entry: join(dist, 'src/jobs/engine/process-main.js'),
      heapMb: 64,
      memoryMb: 256,
    }),
    code: {
      of: async () => ({ path: module.path, hash: module.isOurs ? null : 'a'.repeat(64) }),
      enter: module.enter ?? (() => () => {}),
    },
    spare: () => true,
  };
  return { state, drivers, runner: runner(deps, () => 0), log, circuits, calls, moduleLines };
}

export const order = (args: JsonObject = {}, also: Partial<Job> = {}): Service =>
  aService({
    jobs: [
      aJob({
        id: uuidv7(),
        args,
        policy: { tries: 2, backoffS: 0.05, timeoutS: 20, maxExceptions: 2, patienceS: 60 },
        ...also,
      }),
    ],
  });

/** Waits until the newest job of the service is what `done` asks for; looks again at every change that is durable. */
export function until(
  state: State,
  done: (job: Job, service: Service) => boolean,
  key = KEY,
): Promise<Service> {
  return new Promise((resolve, reject) => {
    const look = async (): Promise<void> => {
      const service = await state.services.get(key);
      const job = service.jobs.at(-1);
      if (!job || !done(job, service)) return;
      forget();
      resolve(service);
    };
    const forget = state.services.onChange(() => void look().catch(reject));
    look().catch(reject);
  });
}
/** A call of a driver is no change of a record: waits without the clock. */
export async function untilCalled({ drivers }: Pick<Engine, 'drivers'>, call: string): Promise<void> {
  while (!drivers.calls.includes(call)) await new Promise((resolve) => setImmediate(resolve));
}
export const ended = (job: Job): boolean => job.endedAt !== null;
