/** Pure rules for the next state of a job when an attempt ends, so that every case can be tested with a table. */
import {
  AgentError,
  type ErrorCode,
  type ErrorRecord,
  type Failure,
  failureOf,
  toRecord,
} from '../../kernel/errors.js';
import { UNTOUCHED } from '../../model/flow.js';
import { isOpen, type Job, MAX_CRASHES, stepUnderWay } from '../../model/job.js';
import type { EngineKinds } from '../../model/job-kinds.js';
import { isLeft } from '../../model/leftovers.js';
import type { Outcome } from './protocol.js';
import { isPending, waitOf } from './waits.js';

/**
 * How an attempt ended. `crashed`: the thread ended without a result. `released`: the attempt was interrupted by a
 * graceful stop of the agent.
 */
export type Ending =
  | Outcome
  | { readonly kind: 'crashed'; readonly detail: string }
  | { readonly kind: 'timeout'; readonly step: string }
  | { readonly kind: 'released' };

export interface Circumstances {
  readonly kinds: EngineKinds;
  /** Epoch ms. */
  readonly now: number;
  /** 0..1 */
  readonly random: number;
  /** Whether the clock is trusted. If it is not, no job fails because of elapsed time. Default: true. */
  readonly clockTrusted?: boolean;
}

/** Failures whose cause is a system and not the job. After such a failure, the try is not counted. */
const WAITED_FOR: readonly Failure[] = ['refused_us', 'busy', 'unreachable'];
/**
 * Failures that end only when the system responds again or an operator acts. A separate alert reports the system, so a
 * job that failed in addition would only cause more work for the operator.
 */
const OUTAGES: readonly Failure[] = ['refused_us', 'unreachable'];
/**
 * Minimum number of tries after unknown failures, for a job that can no longer change its direction (it can only be
 * continued, or only be undone). The tries take about two hours.
 */
const PERSISTENT_TRIES = 20;
/** Minimum time in seconds for which such a job waits for a system. */
const PERSISTENT_PATIENCE_S = 7 * 86_400;
/**
 * The longest pause before another try. If a record contains a longer wait, it was written while the clock was ahead.
 */
export const MAX_BACKOFF_MS = 600_000;
const CRASHES_AT_ONCE = 2;
const MAX_RECHECK_MS = 60_000;

export function afterAttempt(job: Job, ending: Ending, at: Circumstances): Job {
  const { waiting: _, ...rest } = job;
  if (job.cancel && ending.kind !== 'completed' && ending.kind !== 'undone') {
    const cancelled = whenCancelled(job, at);
    if (cancelled) return cancelled;
  }
  switch (ending.kind) {
    case 'completed':
      return { ...withoutError(rest), status: 'completed', endedAt: iso(at.now) };
    case 'undone':
      return undone(rest, at);
    case 'released':
      return { ...job, status: 'queued', attempts: Math.max(0, job.attempts - 1) };
    case 'crashed':
      return crashed(job, ending.detail, at);
    case 'timeout':
      return thrown(job, ending.step, record('job_timeout', 'The operation exceeded its time limit.'), at);
    case 'failed':
    case 'undo_failed':
      return thrown(job, ending.step, ending.error, at);
  }
}

/**
 * The next state of a job that is cancelled while no attempt runs. The job ends as it is, or is undone first. Undefined
 * when the cancel has no effect, because the job is already being undone or a pivot has begun.
 */
export function whenCancelled(job: Job, at: Pick<Circumstances, 'kinds' | 'now'>): Job | undefined {
  const { waiting: _, ...rest } = job;
  const nothingDone = job.steps.every((step) => step.begun === 0);
  if (job.cancel?.undo === false || nothingDone)
    return { ...rest, status: 'cancelled', endedAt: iso(at.now) };
  if (job.direction === 'undo' || isPastPivot(at.kinds, job)) return undefined;
  return { ...rest, status: 'queued', direction: 'undo', attempts: 0, exceptions: 0, crashes: 0 };
}

/** True once a pivot has begun. A pivot that has noted that it changed nothing is not counted. */
export function isPastPivot(kinds: EngineKinds, job: Pick<Job, 'method' | 'steps'>): boolean {
  if (kinds(job.method).course === 'forward only') return true;
  return job.steps.some((step) => step.pivot && step.begun > 0 && step.notes[UNTOUCHED] !== true);
}

/** True when an operator would have to resolve a failure of the job in its present state. */
function isPersistent(kinds: EngineKinds, job: Job): boolean {
  return job.direction === 'undo' || isPastPivot(kinds, job) || kinds(job.method).course === 'removal';
}

function thrown(job: Job, step: string, error: ErrorRecord, at: Circumstances): Job {
  if (isPending(error)) return awaiting(job, step, at);
  const failed = { ...error, step };
  if (WAITED_FOR.includes(failureOf(error))) return waitFor(job, failed, at);
  const exceptions = job.exceptions + 1;
  const counted = { ...job, exceptions };
  const least = isPersistent(at.kinds, job) ? PERSISTENT_TRIES : 0;
  const { tries, maxExceptions } = job.policy;
  const mayRetry =
    error.retryable && job.attempts < Math.max(tries, least) && exceptions < Math.max(maxExceptions, least);
  if (!mayRetry) return giveUp(counted, failed, at);
  const base = Math.min(MAX_BACKOFF_MS, job.policy.backoffS * 1000 * 2 ** (job.attempts - 1));
  return later(counted, failed, at, base);
}

const CONDITION = 'condition of the step ';

function isForCondition(waiting: NonNullable<Job['waiting']>): boolean {
  return waiting.reason === undefined && waiting.for.startsWith(CONDITION);
}

/**
 * Makes the job wait for the condition of a step. The try is not counted, and the time limit of the wait belongs to the
 * step.
 */
function awaiting(job: Job, step: string, at: Circumstances): Job {
  const { since = iso(at.now), everyS = 1 } = waitOf(job, step) ?? {};
  const waiting = { for: `${CONDITION}${step}`, since, until: iso(at.now + everyS * 1000) };
  return { ...withoutError(job), status: 'waiting', attempts: Math.max(0, job.attempts - 1), waiting };
}

/**
 * Makes the job wait for a system. The try is not counted. The job is retried until it has waited for the maximum time
 * (`patienceMs`).
 */
function waitFor(job: Job, error: ErrorRecord & { step: string }, at: Circumstances): Job {
  const since = waitingSince(job, at.now);
  const waited = at.now - since;
  const uncounted = { ...job, attempts: Math.max(0, job.attempts - 1) };
  if (at.clockTrusted !== false && waited >= patienceMs(at.kinds, job, error))
    return giveUp(uncounted, error, at);
  const pause = Math.min(MAX_RECHECK_MS, Math.max(job.policy.backoffS * 1000, waited / 4));
  return later(uncounted, error, at, pause);
}

/**
 * The total time in milliseconds for which the job waits for a system. `error` is the failure that caused the wait; it
 * is absent if the job has not begun.
 */
export function patienceMs(kinds: EngineKinds, job: Job, error: ErrorRecord | undefined = job.error): number {
  const isLong = error !== undefined && OUTAGES.includes(failureOf(error)) && isPersistent(kinds, job);
  return Math.max(job.policy.patienceS, isLong ? PERSISTENT_PATIENCE_S : 0) * 1000;
}

/**
 * When the wait for a system began (epoch ms). A time in the future was recorded while the clock was ahead, and is
 * treated as now. A wait for a condition of a step is no wait for a system.
 */
export function waitingSince({ waiting }: Pick<Job, 'waiting'>, now: number): number {
  return waiting && !isForCondition(waiting) ? Math.min(now, Date.parse(waiting.since)) : now;
}

function later(job: Job, error: ErrorRecord & { step: string }, at: Circumstances, baseMs: number): Job {
  const until = at.now + baseMs / 2 + (baseMs / 2) * at.random;
  return {
    ...job,
    status: 'waiting',
    error,
    waiting: {
      for: error.role ?? 'agent',
      reason: failureOf(error),
      since: iso(waitingSince(job, at.now)),
      until: iso(until),
    },
  };
}

/**
 * After its first crashes, the job continues at once, because another running job may have caused the crash. After
 * further crashes the job waits longer each time: it may itself be the cause, and the other jobs must have time to run.
 */
function crashed(job: Job, detail: string, at: Circumstances): Job {
  const crashes = job.crashes + 1;
  const { waiting: _, ...rest } = job;
  const counted = { ...rest, crashes, attempts: Math.max(0, job.attempts - 1) };
  if (crashes <= CRASHES_AT_ONCE) return { ...counted, status: 'queued' };
  const error = {
    ...record('job_crashed', 'The operation ended repeatedly without a result.', detail),
    step: stepUnderWay(job)?.name ?? '',
  };
  if (crashes >= MAX_CRASHES) return giveUp(counted, error, at);
  const base = job.policy.backoffS * 1000 * 2 ** (crashes - CRASHES_AT_ONCE - 1);
  return later(counted, error, at, Math.min(MAX_BACKOFF_MS, base));
}

/**
 * Starts the undo if no pivot has begun. If a pivot has begun, or if the undo itself failed, the job becomes stuck. A
 * job without an undo fails.
 */
function giveUp(job: Job, error: ErrorRecord & { step: string }, at: Circumstances): Job {
  const { waiting: _, ...rest } = job;
  if (at.kinds(job.method).course === 'no undo')
    return { ...rest, status: 'failed', error, endedAt: iso(at.now) };
  if (job.direction === 'undo' || isPastPivot(at.kinds, job))
    return { ...rest, status: 'stuck', error, endedAt: iso(at.now) };
  const turned = { status: 'queued', direction: 'undo', error, reason: error } as const;
  return { ...rest, ...turned, attempts: 0, exceptions: 0, crashes: 0 };
}

/**
 * The job after a completed undo. The job's error is now the error that started the undo, because errors during the
 * undo no longer matter.
 */
function undone(job: Job, at: Circumstances): Job {
  const { reason, ...rest } = job;
  return {
    ...rest,
    ...(reason === undefined ? {} : { error: reason }),
    status: job.cancel ? 'cancelled' : 'failed',
    endedAt: iso(at.now),
  };
}

/** Names of the steps that have begun and can be undone, newest first. */
export function undoOrder(job: Job): string[] {
  return job.steps
    .map((step, index) => ({ step, index }))
    .filter(({ step }) => isLeft(step, 'undo'))
    .sort((a, b) => (b.step.startedAt ?? '').localeCompare(a.step.startedAt ?? '') || b.index - a.index)
    .map(({ step }) => step.name);
}

function withoutError<T extends Job>(job: T): Omit<T, 'error'> {
  const { error: _, ...rest } = job;
  return rest;
}

function record(code: ErrorCode, message: string, detail?: string): ErrorRecord {
  return toRecord(new AgentError(code, message, detail === undefined ? {} : { detail }));
}

const iso = (ms: number): string => new Date(ms).toISOString();

/** True for a cancelled job that is not yet being undone. */
export function endsEarly(kinds: EngineKinds, job: Job): boolean {
  return job.cancel !== undefined && isOpen(job) && whenCancelled(job, { kinds, now: 0 }) !== undefined;
}
