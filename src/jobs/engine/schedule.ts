/**
 * Recurring tasks. A task only checks for due work and enqueues it. A task finds the work by searching the records, so
 * work that became due while the agent was down is not lost.
 */
import type { BaseLogger } from 'pino';
import { Alarm } from '../../kernel/async/alarm.js';
import type { Clock } from '../../kernel/clock.js';

export interface Recurring {
  readonly name: string;
  /** Longest pause between two runs, in ms. */
  readonly everyMs: number;
  /**
   * Runs the task. If the task must run again earlier than after `everyMs`, returns the time of the next run (epoch
   * ms).
   */
  run(): Promise<number | undefined>;
}

export interface Schedule {
  /** Runs this task soon, because something that it checks has changed. */
  nudge(name: string): void;
  stop(): Promise<void>;
}

const SHORTEST_MS = 20;

/** Starts all tasks at once; the runs of one task never overlap. The schedule does not keep the process alive. */
export function schedule(
  tasks: readonly Recurring[],
  { clock, log }: { readonly clock: Clock; readonly log: Pick<BaseLogger, 'error'> },
): Schedule {
  const stopped = new AbortController();
  const alarms = new Map(tasks.map(({ name }) => [name, new Alarm()]));

  const walk = async (task: Recurring): Promise<void> => {
    const alarm = alarms.get(task.name) ?? new Alarm();
    while (!stopped.signal.aborted) await alarm.sleep(clock, await pauseAfter(task), stopped.signal, true);
  };

  const pauseAfter = async (task: Recurring): Promise<number> => {
    try {
      const next = (await task.run()) ?? Number.POSITIVE_INFINITY;
      return Math.min(task.everyMs, Math.max(SHORTEST_MS, next - clock.now()));
    } catch (error) {
      log.error(
        { err: error, task: task.name },
        'a recurring task failed; it runs again at its next scheduled time',
      );
      return task.everyMs;
    }
  };

  const all = tasks.map(walk);
  return {
    nudge(name) {
      alarms.get(name)?.ring();
    },
    async stop() {
      stopped.abort(new Error('stopped'));
      await Promise.all(all);
    },
  };
}
