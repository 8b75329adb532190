/** What the agent remembers of the schedules and event handlers of a module. */
import { createHash } from 'node:crypto';
import type { TaskModule } from './task.js';

export interface ModuleWork {
  /** Schema version of the document, set by the store. */
  readonly schema?: number;
  readonly id: string;
  readonly module: TaskModule;
  /** Position in the event log. Events before it have been delivered. Null: the module has no handlers. */
  readonly cursor: string | null;
  readonly schedules: Readonly<Record<string, ScheduleState>>;
}

export interface ScheduleState {
  /** The declared times. If they change, the next run is computed again. */
  readonly times: string;
  /** The time at which the last run began, and the time of the next run (RFC 3339). */
  readonly lastAt: string | null;
  readonly nextAt: string | null;
  /** The task of the last run. */
  readonly lastTask: string | null;
}

/** The ID of the document. The name of a module may be longer than an ID. */
export function workIdOf({ type, name }: TaskModule): string {
  return createHash('sha256').update(`${type}/${name}`).digest('hex').slice(0, 40);
}
