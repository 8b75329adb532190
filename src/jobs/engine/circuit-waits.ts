/**
 * Decides which jobs must wait because the system that they need next is known to be down. A waiting job occupies no
 * thread and no slot, and the wait is not counted as a try.
 */
import { AgentError, type ErrorRecord, ERRORS, toRecord } from '../../kernel/errors.js';
import type { Job } from '../../model/job.js';
import type { EngineKinds } from '../../model/job-kinds.js';
import type { Circuits, CircuitView } from '../../drivers/shared/circuit.js';
import { patienceMs, waitingSince } from './policy.js';

/** Name of the circuit for which the job must wait. Undefined when a try is useful even if systems are down. */
export function needOf(kinds: EngineKinds, job: Job): string | undefined {
  if (job.cancel) return undefined;
  const begun = job.direction === 'undo' || job.steps.some((step) => step.begun > 0);
  const asked = job.status === 'waiting' ? job.error?.system : undefined;
  return asked ?? (begun ? undefined : (kinds(job.method).firstNeed ?? undefined));
}

/** The time (epoch ms) after which the job no longer waits for a system and fails instead. */
export function patienceEnds(kinds: EngineKinds, job: Job, now: number): number {
  return waitingSince(job, now) + patienceMs(kinds, job);
}

/** Changes a job that has not begun to the status `waiting`. The job waits for the system that its first step needs. */
export function held(kinds: EngineKinds, job: Job, circuits: Pick<Circuits, 'find'>, now: number): Job {
  const need = needOf(kinds, job);
  const circuit = need === undefined ? undefined : circuits.find(need);
  if (!circuit || job.status !== 'queued' || circuit.admits() !== 'none') return job;
  const until = new Date(Math.max(now, circuit.retryAt())).toISOString();
  const since = new Date(now).toISOString();
  const { role, refusal } = circuit.view();
  const waiting = {
    for: role,
    reason: refusal === null ? 'unreachable' : 'refused_us',
    since,
    until,
  } as const;
  const error = refusal === null ? undefined : refusalOf(circuit.view(), refusal);
  return { ...job, status: 'waiting', waiting, ...(error && { error }) };
}

/** The error for the job's record, which explains why the job has not begun. */
function refusalOf({ name, role }: CircuitView, detail: string): ErrorRecord & { step: string } {
  const code = role === 'reverse proxy' ? 'proxy_refused' : 'container_host_refused';
  const error = new AgentError(code, ERRORS[code].meaning, { role, system: name, detail });
  return { ...toRecord(error), step: '' };
}
