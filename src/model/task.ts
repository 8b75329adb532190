/** A task: one durable run of a function of a module. */
import type { ErrorRecord, Failure } from '../kernel/errors.js';
import type { Json, JsonObject } from '../kernel/json.js';
import type { JobPolicy } from './job.js';
import type { ServiceKey } from './service.js';
import { type TaskKind, taskKind } from './task-kind.js';

export const TASK_STATUSES = ['queued', 'running', 'waiting', 'completed', 'failed'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** The module whose function a task calls. */
export interface TaskModule {
  readonly type: string;
  readonly name: string;
}

/** The event for which a handler of a module is called. */
export interface TaskEvent {
  /** The ID of the event. A repeated delivery has the same ID. */
  readonly id: string;
  readonly type: string;
  /** RFC 3339. */
  readonly at: string;
  /** The panel, ID and generation of the service that the event is about; null if it is about no service. */
  readonly service: { readonly panel: string; readonly id: string; readonly generation: number } | null;
  readonly data: JsonObject;
}

export interface Task {
  /** Schema version of the document, set by the store. */
  readonly schema?: number;
  /** UUID v7. */
  readonly id: string;
  readonly module: TaskModule;
  /** The name of the function: `sync`, `on:service.active` or `schedule:nightly`. */
  readonly method: string;
  /** The service for which the module added the task. */
  readonly service: { readonly key: ServiceKey; readonly generation: number } | null;
  /** Tasks of a module with the same key run one after the other. Null: the task waits for no other task. */
  readonly key: string | null;
  /** Null once the task is completed, because nothing needs it any more. */
  readonly input: Json;
  readonly event: TaskEvent | null;
  /** Include the method and, for a task of a service, `service:<id>`. */
  readonly tags: readonly string[];
  readonly policy: JobPolicy;
  /** The task begins no earlier (RFC 3339). */
  readonly notBefore: string | null;
  readonly status: TaskStatus;
  /** As in a job. */
  readonly attempts: number;
  readonly exceptions: number;
  readonly crashes: number;
  /** What the function has noted. */
  readonly notes: JsonObject;
  readonly waiting?: {
    readonly for: string;
    readonly reason?: Failure;
    readonly since: string;
    readonly until: string;
  };
  readonly error?: ErrorRecord;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export const DEFAULT_TASK_POLICY: JobPolicy = {
  tries: 3,
  backoffS: 10,
  timeoutS: 600,
  maxExceptions: 2,
  patienceS: 21_600,
};

export function isOpenTask({ status }: Pick<Task, 'status'>): boolean {
  return status !== 'completed' && status !== 'failed';
}

/** `product/shop` */
export function moduleOfTask({ module: { type, name } }: Pick<Task, 'module'>): string {
  return `${type}/${name}`;
}

export function kindOfTask(task: Pick<Task, 'module' | 'method'>): TaskKind {
  return taskKind(moduleOfTask(task), task.method);
}
