/** Opens the tasks of modules: their documents, and the queue from which the job engine takes them. */
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import type { AddTask } from '../model/new-task.js';
import type { Recurring } from '../jobs/engine/schedule.js';
import type { SubjectKind } from '../jobs/engine/subject-kind.js';
import type { State } from '../state/contract.js';
import type { ActiveModules } from '../tasks/active-modules.js';
import type { TaskSubject } from '../tasks/job-of-task.js';
import { taskAdder } from '../tasks/add-task.js';
import type { TaskCallDeps } from '../tasks/task-calls.js';
import { deliverEvents, type EmitEvent, eventEmitter } from '../tasks/event-delivery.js';
import { runSchedules, type ScheduleView, viewSchedules } from '../tasks/scheduler.js';
import { taskQueue } from '../tasks/task-queue.js';
import { type TaskRecords, taskRecords } from '../tasks/task-records.js';
import { taskSubject } from '../tasks/task-subject.js';

/** Modules may change without notice, for example when a new version is installed. */
const LOOK_MS = 15_000;

interface Parts {
  readonly config: Config;
  readonly clock: Clock;
  readonly state: State;
  readonly inUse: ActiveModules;
  readonly log: Logger;
}

export interface OpenTasks {
  readonly records: TaskRecords;
  readonly add: AddTask;
  readonly emit: EmitEvent;
  readonly schedules: (type: string, name: string) => ScheduleView[];
  /** Recurring checks for due schedules and new events. */
  readonly recurring: readonly Recurring[];
  /** The tasks as the job engine sees them. */
  readonly kind: (calls: Omit<TaskCallDeps, 'services' | 'servers'>) => SubjectKind<TaskSubject>;
  /** Must be called once the engine listens. */
  start(): void;
  stop(): Promise<void>;
}

export function openTasks({ config, clock, state, inUse: modules, log }: Parts): OpenTasks {
  const { services } = state;
  const records = taskRecords(state.tasks, (error) =>
    log.error({ err: error }, 'the document of an ended task cannot be removed'),
  );
  const { slots, interactive_slots: interactive } = config.jobs;
  // the other half stays free for the jobs of services
  const most = Math.max(1, Math.floor((slots - interactive) / 2));
  const queue = taskQueue({ records, modules, clock, most });
  const work = state.moduleWork;
  const delivery = {
    ...{ records, modules, work, events: state.events, clock },
    warn: (message: string, module: string) => log.warn({ module }, message),
  };
  return {
    records,
    emit: eventEmitter(delivery),
    schedules: (type, name) => viewSchedules({ modules, work }, type, name),
    recurring: [
      {
        ...{ name: 'module-schedules', everyMs: LOOK_MS },
        run: () => runSchedules({ records, modules, work, clock }),
      },
      {
        ...{ name: 'module-events', everyMs: LOOK_MS },
        async run() {
          await deliverEvents(delivery);
          return undefined;
        },
      },
    ],
    add: taskAdder({ records, modules, services, clock }),
    kind: (calls) =>
      taskSubject({
        ...calls,
        records,
        queue,
        modules,
        services,
        servers: state.servers,
        panels: config.panels,
      }),
    start: () => queue.start(),
    stop: () => queue.stop(),
  };
}
