/**
 * Decides which tasks the job engine sees. The engine sees only the tasks that may begin now, and at most
 * `concurrency` of each module, so that ten thousand waiting tasks cost it nothing. A task that waits leaves its place
 * to another one.
 */
import { Alarm } from '../kernel/async/alarm.js';
import { type Clock, waitUntil } from '../kernel/clock.js';
import { isOpenTask, moduleOfTask, type Task } from '../model/task.js';
import { MAX_BACKOFF_MS } from '../jobs/engine/policy.js';
import type { ActiveModule, ActiveModules } from './active-modules.js';
import type { TaskRecords } from './task-records.js';

export interface TaskQueueDeps {
  readonly records: TaskRecords;
  readonly modules: ActiveModules;
  readonly clock: Clock;
  /** Number of tasks of all modules that may run at the same time. */
  readonly most: number;
}

/** Called with a task that the engine may run, or that it may not run any longer. */
export type Admitted = (id: string, task: Task, isAdmitted: boolean) => void;

export interface TaskQueue {
  /** Tasks that the engine may run. */
  admitted(): Iterable<string>;
  onAdmitted(listener: Admitted): () => void;
  /** Must be called once the engine listens. */
  start(): void;
  /** Looks again which tasks may begin, because the modules have changed. */
  nudge(): void;
  stop(): Promise<void>;
}

/** The longest time between two looks, because modules and the clock may change without notice. */
const LONGEST_SLEEP_MS = 30_000;

export function taskQueue({ records, modules, clock, most }: TaskQueueDeps): TaskQueue {
  // tasks that a dead daemon left running have their places until the engine has taken them up
  const admitted = new Map<string, string>(
    records
      .list()
      .filter(({ status }) => status === 'running')
      .map((task) => [task.id, moduleOfTask(task)]),
  );
  const listeners = new Set<Admitted>();
  const alarm = new Alarm();
  const stopped = new AbortController();
  let walking: Promise<void> = Promise.resolve();

  const tell: Admitted = (...args) => {
    for (const listener of listeners) listener(...args);
  };
  const runningOf = (module: string): number =>
    [...admitted.values()].filter((other) => other === module).length;

  const unlisten = records.onChange((id, task) => {
    const mayRun = task !== undefined && isOpenTask(task) && task.status !== 'waiting';
    const wasAdmitted = admitted.has(id);
    if (!mayRun) admitted.delete(id);
    if (wasAdmitted && task) tell(id, task, mayRun);
    alarm.ring();
  });

  /** Admits tasks while there are free places. Returns the time (epoch ms) at which the next task is due. */
  const admit = (): number => {
    let next = Infinity;
    for (const { module, free } of byNeed()) {
      const found = firstDue(records.of(module).open, {
        ...{ now: clock.now(), most: Math.min(free, most - admitted.size) },
        isTaken: (id) => admitted.has(id),
      });
      next = Math.min(next, found.next);
      for (const task of found.due) {
        admitted.set(task.id, module);
        tell(task.id, task, true);
      }
    }
    return next;
  };

  /** Modules with free places; first those of which the fewest tasks run. */
  const byNeed = () =>
    [...records.modules()]
      .flatMap(([module]) => {
        const active = activeOf(modules, module);
        const running = runningOf(module);
        return active ? [{ module, running, free: active.declared.work.concurrency - running }] : [];
      })
      .filter(({ free }) => free > 0)
      .sort((a, b) => a.running - b.running);

  const walk = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      const next = admit();
      const ms = Math.min(LONGEST_SLEEP_MS, Math.max(0, next - clock.now()));
      await alarm.sleep(clock, ms, stopped.signal, true);
    }
  };

  return {
    admitted: () => admitted.keys(),
    onAdmitted(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    start() {
      walking = walk();
    },
    nudge: () => alarm.ring(),
    async stop() {
      unlisten();
      stopped.abort(new Error('stopped'));
      await walking;
    },
  };
}

function activeOf(modules: ActiveModules, module: string): ActiveModule | undefined {
  const [type = '', name = ''] = module.split('/');
  return modules.find(type, name);
}

interface Look {
  readonly now: number;
  /** Number of tasks that may be admitted. */
  readonly most: number;
  readonly isTaken: (id: string) => boolean;
}

/** The first tasks that may begin, at most `most`. `next`: the time at which another one is due. */
function firstDue(
  open: ReadonlyMap<string, Task>,
  { now, most, isTaken }: Look,
): { readonly due: readonly Task[]; readonly next: number } {
  const due: Task[] = [];
  const lanes = new Set<string>();
  let next = Infinity;
  for (const task of open.values()) {
    if (due.length >= most) break;
    if (task.key !== null) {
      if (lanes.has(task.key)) continue;
      lanes.add(task.key);
    }
    if (isTaken(task.id)) continue;
    const at = dueAt(task, now);
    if (at <= now) due.push(task);
    else next = Math.min(next, at);
  }
  return { due, next };
}

function dueAt({ status, waiting, notBefore }: Task, now: number): number {
  if (status === 'waiting' && waiting) return waitUntil(Date.parse(waiting.until), now, MAX_BACKOFF_MS);
  return notBefore === null ? 0 : Date.parse(notBefore);
}
