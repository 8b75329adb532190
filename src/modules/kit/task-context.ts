/** What a module declares about its tasks, and what their functions get. */
import type { Json, JsonObject } from '../../kernel/json.js';
import type { Collections } from './collection-types.js';
import type { ModuleFunctions, ServiceView, StepContext } from './context.js';
import type { TaskPolicy } from './task-types.js';

/** A function that runs as a task. It must be repeatable: after a crash it runs again, with its notes. */
export type TaskFunction = (context: TaskContext) => unknown;

export interface TaskDeclaration extends TaskPolicy {
  readonly run: TaskFunction;
}

/** What the function of a task can use. */
export interface TaskContext
  extends
    ModuleFunctions,
    Pick<StepContext, 'notes' | 'note' | 'sleep' | 'signal' | 'saveData' | 'waitUntil' | 'server'> {
  /** The service that the task works on; null if it works on none. */
  readonly service: ServiceView | null;
  /** The settings of the module at the beginning of this try. */
  readonly settings: JsonObject;
  readonly input: Json;
  readonly task: {
    readonly id: string;
    readonly method: string;
    readonly tags: readonly string[];
    /** 1 for the first try. */
    readonly attempt: number;
  };
  /** The documents of the module's collections. Undefined if the module declares no collections. */
  readonly collections: Collections;
}
