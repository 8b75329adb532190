/** An operator's decisions about tasks: retry one, retry all that have failed, remove all that have failed. */
import type { BaseLogger } from 'pino';
import { forEachConcurrent } from '../kernel/async/for-each-concurrent.js';
import { AgentError } from '../kernel/errors.js';
import { moduleOfTask, type Task } from '../model/task.js';
import { isWanted, type TaskFilter } from './list-tasks.js';
import type { TaskRecords } from './task-records.js';

export interface TaskManagement {
  readonly records: TaskRecords;
  readonly log: Pick<BaseLogger, 'warn'>;
}

const AT_ONCE = 16;

/** Throws `task_not_found`. */
export function findTask({ records }: Pick<TaskManagement, 'records'>, id: string): Task {
  const task = records.find(id);
  if (task) return task;
  throw notFound();
}

/**
 * A failed task gets all its tries again. A task that waits for another try, or for the end of its delay, begins at
 * once. A queued or running task is not changed. Throws `task_not_found`, `task_ended`.
 */
export async function retryTask({ records, log }: TaskManagement, id: string): Promise<Task> {
  const task = await records.commit(id, (current) => {
    if (!current) throw notFound();
    return retried(current);
  });
  log.warn({ decision: 'retry', task_id: id, module: moduleOfTask(task) }, 'a task was retried');
  return task;
}

/** Retries all failed tasks that match. Returns their number. */
export async function retryFailed({ records, log }: TaskManagement, filter: TaskFilter): Promise<number> {
  let retriedTasks = 0;
  await forEachConcurrent(failedTasks(records, filter), AT_ONCE, async ({ id }) => {
    const before = records.find(id);
    if (before?.status !== 'failed') return;
    await records.commit(id, (current) => (current?.status === 'failed' ? retried(current) : keep(current)));
    retriedTasks += 1;
  });
  log.warn({ decision: 'retry', ...filter, tasks: retriedTasks }, 'failed tasks were retried');
  return retriedTasks;
}

/** Removes all failed tasks that match. Returns their number. */
export async function removeFailed({ records, log }: TaskManagement, filter: TaskFilter): Promise<number> {
  let removed = 0;
  await forEachConcurrent(failedTasks(records, filter), AT_ONCE, async ({ id }) => {
    await records.remove(id, ({ status }) => status === 'failed');
    if (!records.find(id)) removed += 1;
  });
  log.warn({ decision: 'remove', ...filter, tasks: removed }, 'failed tasks were removed');
  return removed;
}

function failedTasks(records: TaskRecords, filter: TaskFilter): Task[] {
  return [...records.modules()]
    .flatMap(([, { failed }]) => [...failed.values()])
    .filter((task) => isWanted(task, filter));
}

function retried(task: Task): Task {
  if (task.status === 'running') return task;
  if (task.status === 'queued') return task.notBefore === null ? task : { ...task, notBefore: null };
  const { waiting: _, ...rest } = task;
  if (task.status === 'waiting') return { ...rest, status: 'queued', notBefore: null };
  if (task.status !== 'failed') throw new AgentError('task_ended', 'The task is completed.');
  const again = { attempts: 0, exceptions: 0, crashes: 0, endedAt: null, notBefore: null };
  return { ...rest, ...again, status: 'queued' };
}

function keep(task: Task | undefined): Task {
  if (task) return task;
  throw notFound();
}

function notFound(): AgentError {
  return new AgentError('task_not_found', 'There is no such task.');
}
