/** Marks one step of a stuck job as done manually; `retryJob` continues without it. */
import { skipped } from '../operator-actions.js';
import type { Caller } from '../../model/caller.js';
import { changeJob } from './change-job.js';
import type { JobContext } from './context.js';
import type { FoundJob } from './read-job.js';

/** Throws `job_not_found`, `job_ended`, `job_not_stuck`, `step_not_found`. */
export async function skipStep(
  context: JobContext,
  caller: Caller,
  jobId: string,
  step: string,
): Promise<FoundJob> {
  const found = await changeJob(context, caller, jobId, (job) => skipped(job, step));
  const { serviceId, job } = found;
  context.log.warn(
    {
      decision: 'skip-step',
      step,
      job_id: job.id,
      service_id: serviceId,
      panel: caller.panel,
      token: caller.name,
    },
    'an operator skipped a step',
  );
  return found;
}
