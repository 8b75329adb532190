/** The tasks of two modules with the job engine and a real state folder around them; a test ends each task. */
import { pino } from 'pino';
import type { Test } from 'tap';
import { leases } from '../../src/jobs/engine/leases.js';
import type { Outcome } from '../../src/jobs/engine/protocol.js';
import { type Runner, runner } from '../../src/jobs/engine/runner.js';
import { newCircuits } from '../../src/drivers/shared/circuit.js';
import { AgentError, type ErrorOptions, toRecord } from '../../src/kernel/errors.js';
import { kindData } from '../../src/model/job-kinds.js';
import type { AddTask } from '../../src/model/new-task.js';
import type { Task } from '../../src/model/task.js';
import type { DeclaredWork } from '../../src/modules/kit/declarations.js';
import type { State } from '../../src/state/contract.js';
import { openState } from '../../src/state/open.js';
import type { ActiveModule, ActiveModules } from '../../src/tasks/active-modules.js';
import { taskAdder } from '../../src/tasks/add-task.js';
import { taskQueue } from '../../src/tasks/task-queue.js';
import { type TaskRecords, taskRecords } from '../../src/tasks/task-records.js';
import { taskSubject } from '../../src/tasks/task-subject.js';
import { type HandClock, handClock } from '../fakes/clock.js';
import { noCollections } from '../fakes/collections.js';
import { fakeThreads, type FakeThreads, type Seat } from '../fakes/threads.js';
import { settled } from '../jobs/engine/in-memory.js';
import { testFolder } from '../test-folder.js';

export const SHOP = { type: 'product', name: 'shop' };
export const OTHER = { type: 'product', name: 'other' };

export interface Rig {
  readonly clock: HandClock;
  readonly records: TaskRecords;
  readonly add: AddTask;
  readonly runner: Runner;
  readonly threads: FakeThreads;
  readonly state: State;
  readonly modules: Map<string, ActiveModule>;
  readonly active: ActiveModules;
  /** Inputs of the tasks that run. */
  readonly running: () => unknown[];
  /** Ends the running task with this input. */
  readonly end: (input: unknown, error?: AgentError) => Promise<void>;
  readonly of: (id: string) => Task | undefined;
  /** Lets everything happen that needs only the disk. */
  readonly quiet: () => Promise<void>;
  /** Ends without a stop, like a killed daemon. */
  readonly die: () => Promise<void>;
}

export interface RigOptions {
  readonly dir?: string;
  readonly clock?: HandClock;
  readonly work?: Partial<DeclaredWork>;
  readonly most?: number;
  readonly slots?: number;
}

export async function rig(
  t: Test,
  { dir = testFolder(t), clock = handClock(), work = {}, most = 8, slots = 10 }: RigOptions = {},
): Promise<Rig> {
  const state = await openState({ dir, key: Buffer.alloc(32, 7), clock });
  const tasks = { sync: {}, once: { tries: 1 } };
  const declared: DeclaredWork = { concurrency: 4, tasks, schedules: {}, on: {}, ...work };
  const modules = new Map(
    [SHOP, OTHER].map((module): [string, ActiveModule] => [
      `${module.type}/${module.name}`,
      { info: { ...module, version: '1.0.0' }, declared: { work: declared }, settings: { color: 'red' } },
    ]),
  );
  const active = {
    list: () => [...modules.values()],
    find: (type: string, name: string) => modules.get(`${type}/${name}`),
  };
  const records = taskRecords(state.tasks, (error) => t.fail(String(error)));
  const queue = taskQueue({ records, modules: active, clock, most });
  const open = new Map<string, (outcome: Outcome) => void>();
  const threads = fakeThreads(async (seat) => {
    await begin(seat);
    return new Promise((resolve) => open.set(JSON.stringify(seat.attempt.args['input']), resolve));
  });
  const kind = taskSubject({
    ...{ records, queue, modules: active, services: state.services, servers: state.servers, panels: {} },
    ...{ collections: noCollections, moduleCalls: async () => null, dataRules: () => undefined },
  });
  const engine = runner(
    {
      subjects: [{ ...kind, threadsFrom: (pool) => pool }],
      config: { jobs: { slots, interactive_slots: 1, stop_s: 1 } },
      ...{ kinds: kindData, clock, log: pino({ enabled: false }), leases: leases(), threads },
      circuits: newCircuits(clock, { failures: 1, pauseMs: 1000 }),
      ...{ processes: threads, spare: () => true },
      code: { of: async () => ({ path: '/module.js', hash: null }), enter: () => () => {} },
    },
    () => 1,
  );
  await engine.start();
  queue.start();
  const store: unknown = state.tasks;
  const quiet = async (): Promise<void> => {
    for (let turn = 0; turn < 12; turn += 1) {
      await settled();
      await (store as { idle(): Promise<void> }).idle();
    }
  };
  let isOver = false;
  const die = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    await queue.stop();
    await state.close();
  };
  t.teardown(die);
  return {
    ...{ clock, records, runner: engine, threads, state, modules, die, quiet, active },
    add: taskAdder({ records, modules: active, services: state.services, clock }),
    running: () => [...open.keys()].map((text): unknown => JSON.parse(text)),
    async end(input, error) {
      const key = JSON.stringify(input);
      const resolve = open.get(key);
      open.delete(key);
      resolve?.(error ? { kind: 'failed', step: 'run', error: toRecord(error) } : { kind: 'completed' });
      await quiet();
    },
    of: (id) => records.find(id),
  };
}

/** What the thread of a task tells the engine before it calls the module. */
async function begin({ call }: Seat): Promise<void> {
  const shape = { name: 'run', after: [], undoable: false, pivot: false };
  await call({ name: 'flow.declare', args: { shapes: [shape] } });
  await call({ name: 'step.begin', args: { step: 'run', direction: 'forward' } });
}

export const failure = (options: ErrorOptions = {}): AgentError =>
  new AgentError('module_failed', 'The module failed.', options);
