/** A Job: one durable piece of work on one Service, with the record of every step. */
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

/** What a module author can set (with the names of the module reference); durations in seconds. */
export interface JobPolicy {
  /** Total number of tries. */
  readonly tries: number;
  /** Seconds before the second try; doubles each time, half of it random, at most 600. */
  readonly backoffS: number;
  /** Seconds that one attempt may take, without the time it waits for leases. */
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
 * Consecutive attempts that ended without any result (thread or daemon died) and without a step done, after which the
 * job fails.
 */
export const MAX_CRASHES = 8;

export interface StepRecord extends StepShape {
  readonly status: StepStatus;
  /** What the step noted while it ran, e.g. a remote task's id; survives a crash. */
  readonly notes: JsonObject;
  readonly result: Json;
  readonly error?: ErrorRecord;
  /** Number of times the step began. */
  readonly begun: number;
  /** RFC 3339, or null. */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export interface Job {
  /** UUID v7: its time determines the day of the archive. */
  readonly id: string;
  /** Its kind (`create`, `delete`, ...): the module's `<method>Job` runs it. */
  readonly method: KindName;
  readonly status: JobStatus;
  /** The present direction of the flow. */
  readonly direction: (typeof DIRECTIONS)[number];
  /** Interactive jobs (a customer waits at a button) have reserved slots. */
  readonly interactive: boolean;
  readonly tags: readonly string[];
  readonly requestId: string;
  readonly args: JsonObject;
  /** Values from when it was accepted; later changes of the config do not affect an open job. */
  readonly pinned: {
    readonly module: { readonly type: string; readonly name: string; readonly version: string };
    readonly plan: Plan;
    readonly settings: JsonObject;
  };
  readonly policy: JobPolicy;
  /** Attempts begun; the count is durable before each attempt runs. */
  readonly attempts: number;
  readonly exceptions: number;
  readonly crashes: number;
  readonly steps: readonly StepRecord[];
  /** Present while `waiting`: what it waits for and why, since when, and when it is retried (RFC 3339). */
  readonly waiting?: {
    readonly for: string;
    /** Absent when no system caused the wait, and in records of older releases. */
    readonly reason?: Failure;
    readonly since: string;
    readonly until: string;
  };
  /**
   * Present once the job is to be ended early. `undo`: its steps are undone first; otherwise it ends as it is, since
   * the job queued after it removes everything.
   */
  readonly cancel?: { readonly at: string; readonly undo: boolean };
  readonly error?: ErrorRecord & { readonly step?: string };
  /** The error that started the undo; `error` may since have been replaced by an error of the undo itself. */
  readonly reason?: ErrorRecord & { readonly step?: string };
  /** While it is stuck: what an operator must still deal with. After it was abandoned: what was left in place. */
  readonly remains?: readonly Remain[];
  /** Present once an operator has abandoned it. */
  readonly abandonedAt?: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** Creation time in epoch ms: a UUID v7 begins with it. */
export function madeAt(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}

export function isOpen(job: Pick<Job, 'status'>): boolean {
  return !ENDED.includes(job.status);
}

export interface Progress {
  readonly stepsDone: number;
  readonly stepsTotal: number;
  /** The running step (the first in table order), or the one at which the job stopped. */
  readonly step: string | null;
}

export function progressOf(job: Job): Progress {
  // a step that failed and was undone has the status `undone`: only the error still names it
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

/** The first in table order, according to the journal: after a crash, the step that began and did not end. */
export function stepUnderWay({ steps }: Pick<Job, 'steps'>): StepRecord | undefined {
  return steps.find(({ status }) => status === 'running' || status === 'undoing');
}

/** What a deletion waits for while the rate limit holds it; `releaseJob` ends the wait. */
export const FOR_RELEASE = 'release by an operator';
