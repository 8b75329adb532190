/** Tasks that are added by the agent itself: for the same cause, a task is added only once. */
import { createHash } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Task } from '../model/task.js';
import type { TaskRecords } from './task-records.js';

/** An ID that is the same for the same cause, and that sorts by the time of the cause (epoch ms). */
export function idOfCause(at: number, ...cause: readonly string[]): string {
  const random = createHash('sha256').update(cause.join('\n')).digest().subarray(0, 16);
  return uuidv7({ msecs: at, random, seq: random.readUInt32BE(8) });
}

/** Does nothing if the task exists, even if it has ended. */
export async function addOnce(records: TaskRecords, task: Task): Promise<void> {
  await records.commit(task.id, (current) => current ?? task);
}
