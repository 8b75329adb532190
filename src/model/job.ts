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

/** What a module author may ask for (the names of the module reference); seconds. */
export interface JobPolicy {
  /** How often the job may be tried in all. */
  readonly tries: number;
  /** Seconds before the second try; doubles each time, half of it random, at most 600. */
  readonly backoffS: number;
  /** Seconds one attempt may take, waiting for leases not counted. */
  readonly timeoutS: number;
  /** Thrown errors after which the job is given up even if tries are left. */
  readonly maxExceptions: number;
  /** Seconds a job keeps waiting for a system that is down before it is given up. */
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
 * Attempts in a row that ended without any result (thread or daemon died) and without a step done, before the job is
 * given up.
 */
export const MAX_CRASHES = 8;

export interface StepRecord extends StepShape {
  readonly status: StepStatus;
  /** What the step learned on the way, e.g. a remote task's id; survives a crash. */
  readonly notes: JsonObject;
  readonly result: Json;
  readonly error?: ErrorRecord;
  /** How often it was begun. */
  readonly begun: number;
  /** RFC 3339, or null. */
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

export interface Job {
  /** UUID v7: its time names the day of the archive. */
  readonly id: string;
  /** Its kind (`create`, `delete`, ...): the module's `<method>Job` runs it. */
  readonly method: KindName;
  readonly status: JobStatus;
  /** Which way the flow goes now. */
  readonly direction: (typeof DIRECTIONS)[number];
  /** Interactive jobs (somebody waits at a button) have slots of their own. */
  readonly interactive: boolean;
  readonly tags: readonly string[];
  readonly requestId: string;
  readonly args: JsonObject;
  /** What was true when it was accepted; later changes of the config do not reach a job under way. */
  readonly pinned: {
    readonly module: { readonly type: string; readonly name: string; readonly version: string };
    readonly plan: Plan;
    readonly settings: JsonObject;
  };
  readonly policy: JobPolicy;
  /** Attempts begun, counted durably before each runs. */
  readonly attempts: number;
  readonly exceptions: number;
  readonly crashes: number;
  readonly steps: readonly StepRecord[];
  /** Present while `waiting`: for what and why, since when, and when it is tried again (RFC 3339). */
  readonly waiting?: {
    readonly for: string;
    /** Absent for what no system is to blame for, and in records of older releases. */
    readonly reason?: Failure;
    readonly since: string;
    readonly until: string;
  };
  /**
   * Present once it shall end before its time. `undo`: what it did is taken back first; else it ends as it stands,
   * since the job behind it removes whatever there is.
   */
  readonly cancel?: { readonly at: string; readonly undo: boolean };
  readonly error?: ErrorRecord & { readonly step?: string };
  /** Why it turned back; `error` may since have become what went wrong on the way back. */
  readonly reason?: ErrorRecord & { readonly step?: string };
  /** While it is stuck: what is left to be dealt with; once it was abandoned: what was left alone. */
  readonly remains?: readonly Remain[];
  /** Present once an operator has given it up. */
  readonly abandonedAt?: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
}

/** Epoch ms, which a UUID v7 begins with. */
export function madeAt(id: string): number {
  return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
}

export function isOpen(job: Pick<Job, 'status'>): boolean {
  return !ENDED.includes(job.status);
}

export interface Progress {
  readonly stepsDone: number;
  readonly stepsTotal: number;
  /** The step under way (the first by table order), or the one it stopped at. */
  readonly step: string | null;
}

export function progressOf(job: Job): Progress {
  // a step that failed and was taken back is `undone`: the error alone still names it
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

/** The first by table order, as the journal has it: after a crash the one that was begun and has no end. */
export function stepUnderWay({ steps }: Pick<Job, 'steps'>): StepRecord | undefined {
  return steps.find(({ status }) => status === 'running' || status === 'undoing');
}

/** What a deletion waits for that the brake holds: `releaseJob` ends it. */
export const FOR_RELEASE = 'release by an operator';
