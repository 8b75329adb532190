/** A task as the job engine sees it: a subject with one job, which has one step. */
import { isOpen, type Job } from '../model/job.js';
import type { Plan } from '../model/plan.js';
import { kindOfTask, type Task, TASK_STATUSES } from '../model/task.js';
import type { Subject } from '../jobs/engine/subject.js';
import type { ActiveModules } from './active-modules.js';

export interface TaskSubject extends Subject {
  readonly task: Task;
}

/** The name of the only step. */
const STEP = 'run';
/** Jobs have a plan, and tasks do not. */
const NO_PLAN: Plan = {
  ...{ name: '', aliases: [], memoryMb: 0, swapMb: 0, diskGb: 0, cores: 0, domains: 0, backups: 0 },
};

export function jobOf(task: Task, modules: ActiveModules): Job {
  const { id, module, status, tags, policy, attempts, exceptions, crashes, notes, waiting, error } = task;
  const { input, event, createdAt, startedAt, endedAt, service } = task;
  const active = modules.find(module.type, module.name);
  return {
    id,
    method: kindOfTask(task),
    status,
    direction: 'forward',
    interactive: false,
    tags,
    requestId: id,
    args: {
      ...{ input, tags: [...tags], attempt: attempts, hasService: service !== null },
      ...(event ? { event: { ...event } } : {}),
    },
    // a task runs the present code of its module, with its present settings
    pinned: {
      module: { type: module.type, name: module.name, version: active?.info.version ?? '' },
      plan: NO_PLAN,
      settings: active?.settings ?? {},
    },
    policy,
    ...{ attempts, exceptions, crashes },
    steps: [
      {
        ...{ name: STEP, after: [], undoable: false, pivot: false },
        status: status === 'completed' ? 'done' : 'pending',
        ...{ notes, result: null, begun: attempts, startedAt, endedAt },
      },
    ],
    ...(waiting ? { waiting } : {}),
    ...(error ? { error } : {}),
    ...{ createdAt, startedAt, endedAt },
  };
}

/** The step itself is not recorded, apart from its notes: a task is written when it begins and when it ends. */
export function taskWithJob(task: Task, job: Job): Task {
  const rest = withoutEnd(task);
  const { attempts, exceptions, crashes, waiting, error, startedAt, endedAt } = job;
  const status = TASK_STATUSES.find((one) => one === job.status) ?? 'failed';
  const next: Task = {
    ...rest,
    ...{ status, attempts, exceptions, crashes, startedAt, endedAt },
    notes: job.steps.find(({ name }) => name === STEP)?.notes ?? task.notes,
    ...(waiting ? { waiting } : {}),
    ...(error ? { error: withoutStep(error) } : {}),
  };
  return isOpen(job) || status === 'failed' ? next : { ...next, input: null, notes: {} };
}

function withoutEnd({ waiting: _, ...task }: Task): Omit<Task, 'waiting' | 'error'> {
  return withoutError(task);
}

function withoutError<T extends Pick<Task, 'error'>>({ error: _, ...task }: T): Omit<T, 'error'> {
  return task;
}

function withoutStep({ step: _, ...error }: NonNullable<Job['error']>): NonNullable<Task['error']> {
  return error;
}
