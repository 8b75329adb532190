/** A job: one durable operation on one service, with a record of every step. */
import type { ErrorRecord, Failure } from '../kernel/errors.js';
import type { StepShape, StepStatus } from './flow.js';
import type { KindName } from './job-kinds.js';
import type { Json, JsonObject } from '../kernel/json.js';
import type { Plan } from './plan.js';
import type { Remain } from './flow.js';

export const OPEN_STATUSES = ['queued', 'running', 'waiting'] as const;
const ENDED_STATUSES = ['completed', 'failed', 'stuck', 'cancelled'] as const;
export const JOB_STATUSES = [...OPEN_STATUSES, ...ENDED_STATUSES] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export const DIRECTIONS = ['forward', 'undo'] as const;

export const ENDED: readonly JobStatus[] = ENDED_STATUSES;

/** Settings of a job that a module author can change, named as in the module reference. Durations are in seconds. */
export interface JobPolicy {
  /** Total number of tries. */
  readonly tries: number;
  /**
   * Seconds before the second try. The pause doubles with each try, up to 600 seconds. Half of each pause is random.
   */
  readonly backoffS: number;
  /** Time limit of one attempt in seconds, not counting waits for leases. */
  readonly timeoutS: number;
  /** Number of thrown errors after which the job fails even if tries are left. */
  readonly maxExceptions: number;
  /** Seconds that a job waits for a system that is down before it fails. */
  readonly patienceS: number;
}

export const DEFAULT_POLICY: JobPolicy = {
  tries: 3,
  backoffS: 5,
  timeoutS: 600,
  maxExceptions: 3,
  patienceS: 21_600,
};

/**
 * A job fails after this many consecutive attempts in which its thread or the daemon died before any step was done.
 */
export const MAX_CRASHES = 8;

export interface StepRecord extends StepShape {
  readonly status: StepStatus;
  /** Notes that the step made while it ran, e.g. a remote task's id. They survive a crash. */
  readonly notes: JsonObject;
  readonly result: Json;
  readonly error?: ErrorRecord;
  /** Number of times that the step has begun. */
  readonly begun: number;
  /** RFC 3339, or null. */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export interface Job {
  /** UUID v7. Its time determines the day under which the job is archived. */
  readonly id: string;
  /** The job's kind (`create`, `delete`, ...). The method `<method>Job` of the module returns the flow of the job. */
  readonly method: KindName;
  readonly status: JobStatus;
  /** The present direction of the flow. */
  readonly direction: (typeof DIRECTIONS)[number];
  /** Interactive jobs (a customer waits at a button) have reserved slots. */
  readonly interactive: boolean;
  readonly tags: readonly string[];
  readonly requestId: string;
  readonly args: JsonObject;
  /** Values from the time when the job was accepted. Later changes of the config do not affect an open job. */
  readonly pinned: {
    readonly module: {
      readonly type: string;
      readonly name: string;
      readonly version: string;
      /** Hash of the module's code, of which the state folder keeps a copy. Absent for shipped modules. */
      readonly hash?: string;
    };
    readonly plan: Plan;
    readonly settings: JsonObject;
  };
  readonly policy: JobPolicy;
  /** Number of attempts begun. The count is on disk before each attempt runs. */
  readonly attempts: number;
  readonly exceptions: number;
  readonly crashes: number;
  readonly steps: readonly StepRecord[];
  /** Present while the job is `waiting`: what it waits for and why, since when, and when it is retried (RFC 3339). */
  readonly waiting?: {
    readonly for: string;
    /** Absent when no system caused the wait, and in records of older releases. */
    readonly reason?: Failure;
    readonly since: string;
    readonly until: string;
  };
  /**
   * Present once the job must end early. If `undo` is true, its steps are undone first. Otherwise the job ends without
   * an undo, because the job queued after it removes everything.
   */
  readonly cancel?: { readonly at: string; readonly undo: boolean };
  readonly error?: ErrorRecord & { readonly step?: string };
  /** The error that started the undo. `error` may have been replaced later by an error of the undo itself. */
  readonly reason?: ErrorRecord & { readonly step?: string };
  /**
   * For a stuck job, the objects that an operator must still deal with. For an abandoned job, the objects that were
   * left in place.
   */
  readonly remains?: readonly Remain[];
  /** When an operator abandoned the job; absent before. */
  readonly abandonedAt?: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** Argument of a creation whose first step must call the product's check of the service data. */
export const CHECK_DATA = 'check_data';

/** Creation time in epoch ms, taken from the beginning of the UUID v7. */
export function madeAt(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}

export function isOpen(job: Pick<Job, 'status'>): boolean {
  return !ENDED.includes(job.status);
}

export interface Progress {
  readonly stepsDone: number;
  readonly stepsTotal: number;
  /** The running step, or the step at which the job stopped. If several steps are running, the first in table order. */
  readonly step: string | null;
}

export function progressOf(job: Job): Progress {
  // a failed step that was undone has the status `undone`, so only the error still names it
  const blamed = job.steps.find(({ name, status }) => name === job.error?.step && status !== 'done');
  const current =
    stepUnderWay(job) ??
    blamed ??
    job.steps.find((step) => step.status === 'failed' || step.status === 'undo_failed') ??
    job.steps.find((step) => step.status === 'pending');
  return {
    stepsDone: job.steps.filter((step) => step.status === 'done').length,
    stepsTotal: job.steps.length,
    step: current?.name ?? null,
  };
}

/**
 * The first step in table order that is under way according to the journal. After a crash, this is the step that began
 * and did not end.
 */
export function stepUnderWay({ steps }: Pick<Job, 'steps'>): StepRecord | undefined {
  return steps.find(({ status }) => status === 'running' || status === 'undoing');
}

/**
 * The reason recorded in a deletion that waits because of the deletion rate limit. The wait ends when an operator
 * releases the job (`releaseJob`).
 */
export const FOR_RELEASE = 'release by an operator';
