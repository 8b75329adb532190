/** A task as it is added. */
import type { Json } from '../kernel/json.js';
import type { ServiceKey } from './service.js';
import type { TaskModule } from './task.js';

export interface NewTask {
  /** The module whose function the task calls. */
  readonly module: TaskModule;
  /** A function that the module declares in `tasks`. */
  readonly method: string;
  /** Default: null. */
  readonly input?: Json;
  /** A service of the module. Default: none. */
  readonly service?: ServiceKey | null;
  readonly key?: string;
  readonly tags?: readonly string[];
  /** Durations are in seconds. A value that is absent is taken from the declaration of the function. */
  readonly delay?: number;
  readonly tries?: number;
  readonly backoff?: number;
  readonly timeout?: number;
  readonly maxExceptions?: number;
}

/**
 * Adds a task, which is durable when the promise resolves. Throws `module_failed` if the module does not declare the
 * function, or if the task is larger than allowed, `unknown_module` if the module is not active, `service_not_found`,
 * `tasks_full`, and `state_unavailable`.
 */
export type AddTask = (task: NewTask) => Promise<{ readonly id: string }>;

/** The ranges of the numbers, for declarations and for tasks that are added. */
export const TASK_RANGES = {
  tries: { minimum: 1, maximum: 100 },
  backoff: { minimum: 0, maximum: 600 },
  timeout: { minimum: 1, maximum: 86_400 },
  maxExceptions: { minimum: 1, maximum: 100 },
  delay: { minimum: 0, maximum: 2_592_000 },
} as const;
