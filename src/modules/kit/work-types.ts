/** What a module declares about recurring work and about events. */
import type { TaskContext } from './task-context.js';
import type { TaskPolicy } from './task-types.js';
import type { TaskEvent } from '../../model/task.js';

/** What the handler of an event can use. */
export interface EventContext extends TaskContext {
  /** The event. A repeated delivery has the same `id`. */
  readonly event: TaskEvent;
}

export type EventHandler = (context: EventContext) => unknown;

export interface EventDeclaration extends TaskPolicy {
  readonly run: EventHandler;
}

/** Recurring work. Exactly one of `every` and `cron` must be given. */
export interface ScheduleDeclaration extends TaskPolicy {
  /** Seconds between the beginnings of two runs, from 10 to 2,678,400. */
  readonly every?: number;
  /** Minute, hour, day of the month, month and day of the week, such as `30 2 * * 1-5`. */
  readonly cron?: string;
  /** The time zone of `cron`, such as `Europe/Berlin`. Default: UTC. */
  readonly timeZone?: string;
  readonly run: (context: TaskContext) => unknown;
}
