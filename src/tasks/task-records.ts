/**
 * The documents of all tasks, sorted by module and state. All changes of tasks are made here, so that the queue notices
 * them. Of the ended tasks, only the newest of each module are kept.
 */
import { isOpenTask, moduleOfTask, type Task } from '../model/task.js';
import type { DocumentStore } from '../state/contract.js';

export interface TasksOfModule {
  /** Open tasks by ID, in the order in which they were added. */
  readonly open: ReadonlyMap<string, Task>;
  readonly failed: ReadonlyMap<string, Task>;
}

export type TaskListener = (id: string, next: Task | undefined) => void;

export interface TaskRecords {
  find(id: string): Task | undefined;
  /** In the order of their IDs. */
  list(): readonly Task[];
  /** Modules with tasks: `product/shop`. */
  modules(): Iterable<readonly [string, TasksOfModule]>;
  of(module: string): TasksOfModule;
  /** See `DocumentStore.commit`. */
  commit(id: string, fn: (current: Task | undefined) => Task): Promise<Task>;
  /** Removes the document of a task. `only` is called under the lock. */
  remove(id: string, only: (current: Task) => boolean): Promise<void>;
  /** The listener is called after every durable change. Returns a function that removes the listener. */
  onChange(listener: TaskListener): () => void;
}

export const MOST_COMPLETED = 500;
export const MOST_FAILED = 5_000;

interface Sorted {
  readonly open: Map<string, Task>;
  readonly failed: Map<string, Task>;
  readonly completed: Map<string, Task>;
}

/** `warn` is called if an old document cannot be removed. */
export function taskRecords(store: DocumentStore<Task>, warn: (error: unknown) => void): TaskRecords {
  const byModule = new Map<string, Sorted>();
  const listeners = new Set<TaskListener>();

  const sortedOf = (module: string): Sorted => {
    const known = byModule.get(module);
    if (known) return known;
    const sorted: Sorted = { open: new Map(), failed: new Map(), completed: new Map() };
    byModule.set(module, sorted);
    return sorted;
  };
  const take = (task: Task): void => {
    const sorted = sortedOf(moduleOfTask(task));
    const wanted = placeOf(sorted, task);
    for (const place of [sorted.open, sorted.failed, sorted.completed])
      if (place !== wanted) place.delete(task.id);
    wanted.set(task.id, task);
  };
  const drop = (task: Task): void => {
    const module = moduleOfTask(task);
    const sorted = sortedOf(module);
    for (const place of [sorted.open, sorted.failed, sorted.completed]) place.delete(task.id);
    if (sorted.open.size + sorted.failed.size + sorted.completed.size === 0) byModule.delete(module);
  };
  const tell: TaskListener = (id, next) => {
    for (const listener of listeners) listener(id, next);
  };
  const remove: TaskRecords['remove'] = async (id, only) => {
    const task = store.find(id);
    await store.remove(id, only);
    if (!task || store.find(id)) return;
    drop(task);
    tell(id, undefined);
  };
  const forgetOldest = (task: Task): void => {
    const { failed, completed } = sortedOf(moduleOfTask(task));
    const isEnded = ({ status }: Task): boolean => status === task.status;
    for (const [place, most] of [[failed, MOST_FAILED] as const, [completed, MOST_COMPLETED] as const]) {
      const [oldest] = place.keys();
      if (place.size > most && oldest !== undefined) remove(oldest, isEnded).catch(warn);
    }
  };

  for (const task of store.list()) take(task);
  return {
    find: (id) => store.find(id),
    list: () => store.list(),
    modules: () => byModule,
    of: (module) => byModule.get(module) ?? NONE,
    async commit(id, fn) {
      const before = store.find(id);
      const next = await store.commit(id, fn);
      if (next === before) return next;
      take(next);
      tell(id, next);
      if (!isOpenTask(next)) forgetOldest(next);
      return next;
    },
    remove,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const NONE: TasksOfModule = { open: new Map(), failed: new Map() };

function placeOf({ open, failed, completed }: Sorted, task: Task): Map<string, Task> {
  if (isOpenTask(task)) return open;
  return task.status === 'failed' ? failed : completed;
}
