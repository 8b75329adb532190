/** The lane of a subject: its first open job, when this job may start, and the lane's rank among other lanes. */
import { waitUntil } from '../../kernel/clock.js';
import { FOR_RELEASE, type Job } from '../../model/job.js';
import type { EngineKinds } from '../../model/job-kinds.js';
import type { Circuits } from '../../drivers/shared/circuit.js';
import { needOf, patienceEnds } from './circuit-waits.js';
import { endsEarly, MAX_BACKOFF_MS } from './policy.js';
import type { SubjectRef } from './subject-kind.js';

/** The first open job of a subject. Only this job of the subject may run. */
export interface Lane {
  /** Unique among all lanes. */
  readonly id: string;
  readonly subject: SubjectRef;
  readonly jobId: string;
  /** The module whose code the job runs. */
  readonly module: { readonly type: string; readonly name: string };
  readonly interactive: boolean;
  readonly isBackground: boolean;
  readonly createdAt: string;
  /**
   * The earliest time (epoch ms) at which the job may start. `Infinity`: the job starts only when an operator releases
   * it.
   */
  readonly dueAt: number;
  /** True if the job's record has the status `waiting`. */
  readonly isWaiting: boolean;
  /** Name of the circuit for which the job may have to wait. */
  readonly need: string | undefined;
  /** The time (epoch ms) at which the job starts even if the system is still down, in which case the job fails. */
  readonly patientUntil: number;
}

export function laneId({ kind, key }: SubjectRef): string {
  return `${kind.name} ${key}`;
}

export function laneOf(kinds: EngineKinds, subject: SubjectRef, job: Job, now: number): Lane {
  const waiting = job.status === 'waiting' && !endsEarly(kinds, job) ? job.waiting : undefined;
  return {
    id: laneId(subject),
    subject,
    jobId: job.id,
    module: job.pinned.module,
    interactive: job.interactive,
    isBackground: subject.kind.isBackground === true,
    // a job with a creation time in the future was created while the clock was ahead; it must not rank after all later
    // jobs
    createdAt: Date.parse(job.createdAt) > now ? '' : job.createdAt,
    dueAt: waiting ? dueAtOf(waiting) : 0,
    isWaiting: waiting !== undefined,
    need: needOf(kinds, job),
    patientUntil: patienceEnds(kinds, job, now),
  };
}

function dueAtOf({ for: what, until }: NonNullable<Job['waiting']>): number {
  return what === FOR_RELEASE ? Number.POSITIVE_INFINITY : Date.parse(until);
}

interface Gate {
  /** Which jobs may start. If the job is due but `admits` is `none`, the job must be recorded as waiting. */
  readonly admits: 'all' | 'probe' | 'none';
  /** Epoch ms. */
  readonly startsAt: number;
}

/**
 * Decides when the job may start. A job that waits for a system that is down does not start at its own time but when
 * the circuit next allows a probe of the system.
 */
export function gateOf(
  lane: Lane,
  circuits: Pick<Circuits, 'find'>,
  { now, trusted }: { readonly now: number; readonly trusted: boolean },
): Gate {
  const dueAt = Number.isFinite(lane.dueAt) ? waitUntil(lane.dueAt, now, MAX_BACKOFF_MS) : lane.dueAt;
  // a clock jump must not end the job's patience
  const patientUntil = trusted ? lane.patientUntil : Number.POSITIVE_INFINITY;
  const circuit = lane.need === undefined ? undefined : circuits.find(lane.need);
  const admits = circuit?.admits() ?? 'all';
  if (!circuit || admits === 'all' || now >= patientUntil) return { admits: 'all', startsAt: dueAt };
  if (admits === 'probe') return { admits, startsAt: now };
  if (!lane.isWaiting) return { admits, startsAt: dueAt };
  // while a probe is in progress, the job waits; the end of the probe starts the next decision
  const retryAt = circuit.retryAt() > now ? circuit.retryAt() : patientUntil;
  return { admits, startsAt: Math.min(retryAt, patientUntil) };
}

export const byUrgency = (a: Lane, b: Lane): number =>
  Number(b.interactive) - Number(a.interactive) ||
  Number(a.isBackground) - Number(b.isBackground) ||
  (a.createdAt < b.createdAt ? -1 : 1);
