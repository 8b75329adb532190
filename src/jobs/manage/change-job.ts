/** Finds a job of the caller's panel and changes it under its service's lock. */
import { AgentError } from '../../kernel/errors.js';
import type { Job } from '../../model/job.js';
import type { Service } from '../../model/service.js';
import { journal } from '../engine/journal.js';
import type { Caller } from '../../model/caller.js';
import type { JobContext } from './context.js';
import { type FoundJob, readJob } from './read-job.js';

/**
 * Applies `decide` to the job and returns the new job. `decide` returns the same job when there is nothing to do, and
 * throws to refuse the change. Throws `job_not_found`, `job_ended`.
 */
export async function changeJob(
  context: Pick<JobContext, 'state' | 'clock' | 'records'>,
  caller: Pick<Caller, 'panel'>,
  jobId: string,
  decide: (job: Job, service: Service) => Job,
): Promise<FoundJob> {
  const { serviceId } = await readJob(context, caller, jobId);
  const key = `${caller.panel}/${serviceId}` as const;
  const service = await context.state.services.get(key);
  if (!service.jobs.some(({ id }) => id === jobId)) throw overtaken();
  const job = await journal(context.records, key, jobId, context.clock).change(decide);
  return { serviceId, job };
}

function overtaken(): AgentError {
  return new AgentError('job_ended', 'The job has ended, and other jobs have followed it.');
}
