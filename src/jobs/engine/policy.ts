/** The next state of a job when an attempt ends: pure rules, so that every case can be tested by table. */
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

/** `crashed`: no result; `released`: returned unfinished by a graceful stop. */
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
  /** False: no job fails because of elapsed time. Default: true. */
  readonly clockTrusted?: boolean;
}

/** Failures caused by a system, not by the job: they do not count as a try. */
const WAITED_FOR: readonly Failure[] = ['refused_us', 'busy', 'unreachable'];
/**
 * Only an operator or time can help, and the system has its own alert: failing the job would only add to the
 * operator's work.
 */
const OUTAGES: readonly Failure[] = ['refused_us', 'unreachable'];
/** Tries of a job that can only go forward, or only be undone, after unknown failures: about two hours. */
const PERSISTENT_TRIES = 20;
/** The least time for which such a job waits for a system. */
const PERSISTENT_PATIENCE_S = 7 * 86_400;
/** The longest pause before another try. A record with a longer wait was written while the clock was ahead. */
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
 * The next state of a job that is cancelled while no attempt runs: it ends as it is, or is undone first. Undefined
 * when the cancel changes nothing: the job is already being undone, or past a pivot.
 */
export function whenCancelled(job: Job, at: Pick<Circumstances, 'kinds' | 'now'>): Job | undefined {
  const { waiting: _, ...rest } = job;
  const nothingDone = job.steps.every((step) => step.begun === 0);
  if (job.cancel?.undo === false || nothingDone)
    return { ...rest, status: 'cancelled', endedAt: iso(at.now) };
  if (job.direction === 'undo' || isPastPivot(at.kinds, job)) return undefined;
  return { ...rest, status: 'queued', direction: 'undo', attempts: 0, exceptions: 0, crashes: 0 };
}

/** True once a pivot has begun, unless its step has noted that it changed nothing. */
export function isPastPivot(kinds: EngineKinds, job: Pick<Job, 'method' | 'steps'>): boolean {
  if (kinds(job.method).course === 'forward only') return true;
  return job.steps.some((step) => step.pivot && step.begun > 0 && step.notes[UNTOUCHED] !== true);
}

/** True when a failure now would leave work to an operator. */
function isPersistent(kinds: EngineKinds, job: Job): boolean {
  return job.direction === 'undo' || isPastPivot(kinds, job) || kinds(job.method).course === 'removal';
}

function thrown(job: Job, step: string, error: ErrorRecord, at: Circumstances): Job {
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

/** The job waits for a system: no try is counted, and it is retried for as long as the job's patience lasts. */
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
 * The total time for which the job waits for a system. `error`: the failure that it waits for; absent: it has not
 * begun.
 */
export function patienceMs(kinds: EngineKinds, job: Job, error: ErrorRecord | undefined = job.error): number {
  const isLong = error !== undefined && OUTAGES.includes(failureOf(error)) && isPersistent(kinds, job);
  return Math.max(job.policy.patienceS, isLong ? PERSISTENT_PATIENCE_S : 0) * 1000;
}

/** Epoch ms; a time in the future was written while the clock was ahead, and counts as now. */
export function waitingSince(job: Pick<Job, 'waiting'>, now: number): number {
  return job.waiting ? Math.min(now, Date.parse(job.waiting.since)) : now;
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
 * After the first crashes, which any job may have caused, the job continues at once. Then it waits longer each time:
 * if it is the cause, the other jobs must get time to run.
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

/** Starts the undo if no pivot has begun; otherwise, or if the undo failed, the job is stuck. */
function giveUp(job: Job, error: ErrorRecord & { step: string }, at: Circumstances): Job {
  const { waiting: _, ...rest } = job;
  if (job.direction === 'undo' || isPastPivot(at.kinds, job))
    return { ...rest, status: 'stuck', error, endedAt: iso(at.now) };
  const turned = { status: 'queued', direction: 'undo', error, reason: error } as const;
  return { ...rest, ...turned, attempts: 0, exceptions: 0, crashes: 0 };
}

/** Errors of the undo no longer matter: the job's error is the one that started it. */
function undone(job: Job, at: Circumstances): Job {
  const { reason, ...rest } = job;
  return {
    ...rest,
    ...(reason === undefined ? {} : { error: reason }),
    status: job.cancel ? 'cancelled' : 'failed',
    endedAt: iso(at.now),
  };
}

/** Names of the begun steps that can be undone, newest first. */
export function undoOrder(job: Job): string[] {
  return job.steps
    .map((step, index) => ({ step, index }))
    .filter(({ step }) => isLeft(step, 'undo'))
    .sort((a, b) => (b.step.startedAt ?? '').localeCompare(a.step.startedAt ?? '') || b.index - a.index)
    .map(({ step }) => step.name);
}

function withoutError(job: Job): Job {
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
