/** Lets a deletion that the brake holds go on. */
import { instant } from '../domain/clock.js';
import { AgentError } from '../domain/errors.js';
import { FOR_RELEASE } from '../domain/job.js';
import type { Caller } from './caller.js';
import type { OperationContext } from './context.js';
import { type FoundJob, readJob } from './read-job.js';

/** Throws `job_not_found`, or `service_busy` when it is not held. */
export async function releaseJob(
  context: OperationContext,
  caller: Pick<Caller, 'panel'>,
  jobId: string,
): Promise<FoundJob> {
  const { serviceId } = await readJob(context, caller, jobId);
  const now = instant(context.clock);
  const service = await context.state.services.commit(`${caller.panel}/${serviceId}`, (current) => {
    const job = current?.jobs.find(({ id }) => id === jobId);
    if (!current || job?.waiting?.for !== FOR_RELEASE) {
      throw new AgentError('service_busy', 'This job is not held.');
    }
    const { waiting: _, ...rest } = job;
    const released = { ...rest, status: 'queued' as const };
    const jobs = current.jobs.map((other) => (other.id === jobId ? released : other));
    return { ...current, jobs, updatedAt: now };
  });
  const job = service.jobs.find(({ id }) => id === jobId);
  if (!job) throw new AgentError('job_not_found', 'There is no such job.');
  return { serviceId, job };
}
