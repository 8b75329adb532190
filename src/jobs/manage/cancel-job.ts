/**
 * Cancels a job. A job that has begun is aborted, its running effects are awaited, and its steps are undone.
 */
import { instant } from '../../kernel/clock.js';
import { cancelled } from '../operator-actions.js';
import type { Caller } from '../../model/caller.js';
import { changeJob } from './change-job.js';
import type { JobContext } from './context.js';
import type { FoundJob } from './read-job.js';

/**
 * Returns the job in its present state. A running job is undone later. Throws `job_not_found`, `job_ended`,
 * `job_irrevocable`.
 */
export async function cancelJob(context: JobContext, caller: Caller, jobId: string): Promise<FoundJob> {
  const found = await changeJob(context, caller, jobId, (job) =>
    cancelled(context.kinds, job, instant(context.clock)),
  );
  const { serviceId, job } = found;
  context.log.warn(
    { decision: 'cancel', job_id: job.id, service_id: serviceId, panel: caller.panel, token: caller.name },
    'a job was cancelled',
  );
  return found;
}
