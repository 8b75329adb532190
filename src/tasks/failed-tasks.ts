/** Counts the failed tasks of each module. */
import type { Task } from '../model/task.js';
import type { TaskRecords } from './task-records.js';

export interface FailedTasks {
  /** `product/shop` */
  readonly module: string;
  readonly count: number;
  /** The task that failed last. */
  readonly last: Task;
}

export function failedTasks(records: Pick<TaskRecords, 'modules'>): FailedTasks[] {
  const all: FailedTasks[] = [];
  for (const [module, { failed }] of records.modules()) {
    const [first, ...others] = failed.values();
    if (!first) continue;
    const last = others.reduce((a, b) => ((b.endedAt ?? '') > (a.endedAt ?? '') ? b : a), first);
    all.push({ module, count: failed.size, last });
  }
  return all;
}
