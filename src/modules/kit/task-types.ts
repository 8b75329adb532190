/** How code of a module adds tasks. */
import type { Json } from '../../kernel/json.js';
import type { ServiceId } from './collection-types.js';

/** How often a task is tried. Durations are in seconds. */
export interface TaskPolicy {
  /** Total number of tries; default 3. */
  readonly tries?: number;
  /** Pause before the second try; default 10. The pause doubles with each try, up to 600 seconds. */
  readonly backoff?: number;
  /** Time limit of one try; default 600. */
  readonly timeout?: number;
  /** Number of thrown errors after which the task fails even if tries are left; default 2. */
  readonly maxExceptions?: number;
}

/** The options of `context.tasks.add`. */
export interface TaskOptions extends TaskPolicy {
  /** Given to the function as `context.input`. At most 60 KiB of JSON. */
  readonly input?: Json;
  /**
   * The service that the task works on. It must be a service of the module. Default: the service of the code that adds
   * the task, if any. Null: the task works on no service.
   */
  readonly service?: ServiceId | null;
  /** Tasks with the same key run one after the other, in the order in which they were added. */
  readonly key?: string;
  /** At most 10 tags, with which the operator finds the task. The method and `service:<id>` are always tags. */
  readonly tags?: readonly string[];
  /** Seconds before the first try; at most 30 days. */
  readonly delay?: number;
}

export interface AddedTask {
  readonly id: string;
}

export interface EmittedEvent {
  readonly id: string;
}
