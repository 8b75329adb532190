/**
 * Pure functions for an operator's decisions about a job: retry, cancel, skip a step, abandon. The functions are
 * applied under the service's lock, so that two decisions never conflict.
 */
import { AgentError } from '../kernel/errors.js';
import { ENDED, isOpen, type Job } from '../model/job.js';
import { type EngineKinds, endsTheSite } from '../model/job-kinds.js';
import type { Remain } from '../model/flow.js';
import { isLeft } from '../model/leftovers.js';
import type { Service } from '../model/service.js';
import { isPastPivot, whenCancelled } from './engine/policy.js';

/**
 * A stuck job continues where it stopped, and a waiting job continues at once. A running or queued job stays unchanged.
 * Throws `job_ended`, or `service_terminated` when the site is being deleted.
 */
export function retried(job: Job, service: Service): Job {
  if (job.status === 'queued' || job.status === 'running') return job;
  const { waiting: _, ...rest } = job;
  if (job.status === 'waiting') return { ...rest, status: 'queued' };
  if (job.status !== 'stuck') throw ended('The job has ended; please send the request again.');
  const deleting = service.jobs.some((other) => isOpen(other) && endsTheSite(other));
  if (deleting) throw new AgentError('service_terminated', 'The site is being deleted.');
  return {
    ...withoutLeftovers(rest),
    status: 'queued',
    endedAt: null,
    attempts: 0,
    exceptions: 0,
    crashes: 0,
  };
}

/** Cancels the job, which ends once its steps are undone. Throws `job_ended`, `job_irrevocable`. */
export function cancelled(kinds: EngineKinds, job: Job, now: string): Job {
  if (job.status === 'cancelled') return job;
  if (job.status === 'stuck') throw ended('The job is stuck; retry it, or let the operator finish it.');
  if (ENDED.includes(job.status)) throw ended('The job has already ended.');
  // the job is already cancelled or being undone
  if (job.cancel || job.direction === 'undo') return job;
  if (isPastPivot(kinds, job))
    throw new AgentError('job_irrevocable', 'The job can no longer be undone; it will run to completion.');
  const marked: Job = { ...job, cancel: { at: now, undo: true } };
  // if an attempt is running, the runner ends the attempt and waits until its calls have ended
  return job.status === 'running'
    ? marked
    : (whenCancelled(marked, { kinds, now: Date.parse(now) }) ?? marked);
}

/** Marks the step as skipped. Throws `job_not_stuck`, or `step_not_found`, whose message names the unfinished steps. */
export function skipped(job: Job, name: string): Job {
  const step = job.steps.find((one) => one.name === name);
  if (step?.status === 'skipped') return job;
  if (job.status !== 'stuck') throw notStuck('Only a step of a stuck job can be skipped.');
  if (!step || !isLeft(step, job.direction)) {
    const left = job.steps.filter((one) => isLeft(one, job.direction)).map((one) => one.name);
    throw new AgentError(
      'step_not_found',
      `The job has no unfinished step with this name; it has: ${left.join(', ') || 'none'}.`,
    );
  }
  return {
    ...job,
    steps: job.steps.map((one) => (one === step ? { ...one, status: 'skipped' as const } : one)),
  };
}

/** Marks the job as failed. All objects that its steps have created stay in place. Throws `job_not_stuck`. */
export function abandoned(job: Job, now: string, remains: readonly Remain[]): Job {
  if (job.abandonedAt !== undefined) return job;
  if (job.status !== 'stuck') throw notStuck('Only a stuck job can be abandoned.');
  return { ...job, status: 'failed', abandonedAt: now, endedAt: now, remains };
}

function withoutLeftovers(job: Job): Job {
  const { remains: _, ...rest } = job;
  return rest;
}

function ended(message: string): AgentError {
  return new AgentError('job_ended', message);
}

function notStuck(message: string): AgentError {
  return new AgentError('job_not_stuck', message);
}
