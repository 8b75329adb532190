/** Lists the tasks of modules, for operators. */
import type { Rest } from '../kernel/async/slices.js';
import { AgentError } from '../kernel/errors.js';
import { moduleOfTask, type Task, type TaskStatus } from '../model/task.js';
import { nextCursor, type Page } from '../jobs/manage/page.js';
import type { TaskRecords } from './task-records.js';

export interface TaskFilter {
  /** `product/shop` */
  readonly module?: string | undefined;
  readonly tag?: string | undefined;
}

export interface TaskQuery extends TaskFilter {
  readonly status?: TaskStatus | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

const ID = /^[0-9a-f-]{36}$/;

/** In the order of their IDs, which is the order in which they were added. Throws `invalid_request`. */
export async function listTasks(
  records: Pick<TaskRecords, 'list'>,
  { limit, cursor, status, ...filter }: TaskQuery,
  rest: Rest,
): Promise<Page<Task>> {
  const after = cursor === undefined ? '' : idIn(cursor);
  const items: Task[] = [];
  for (const task of records.list()) {
    const pause = rest();
    if (pause) await pause;
    if (task.id <= after || !isWanted(task, filter)) continue;
    if (status !== undefined && task.status !== status) continue;
    if (items.length >= limit) return { items, next: nextCursor(items.at(-1)?.id) };
    items.push(task);
  }
  return { items, next: null };
}

export function isWanted(task: Task, { module, tag }: TaskFilter): boolean {
  if (module !== undefined && moduleOfTask(task) !== module) return false;
  return tag === undefined || task.tags.includes(tag);
}

function idIn(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString();
  if (ID.test(id)) return id;
  throw new AgentError('invalid_request', 'cursor must come from an earlier response.', {
    fields: { cursor: 'must come from an earlier response' },
  });
}
