/** Lets a stuck job continue where it stopped, lets a waiting job continue at once, and releases a held deletion. */
import { AgentError } from '../../kernel/errors.js';
import { FOR_RELEASE } from '../../model/job.js';
import { retried } from '../operator-actions.js';
import { type Caller, mayDo } from '../../model/caller.js';
import { changeJob } from './change-job.js';
import type { JobContext } from './context.js';
import type { FoundJob } from './read-job.js';

/**
 * Throws `job_not_found`, `job_ended`, `service_terminated`, and `forbidden` for a held deletion without the
 * permission `admin`.
 */
export async function retryJob(context: JobContext, caller: Caller, jobId: string): Promise<FoundJob> {
  const found = await changeJob(context, caller, jobId, (job, service) => {
    if (job.waiting?.for === FOR_RELEASE && !mayDo(caller, 'admin'))
      throw new AgentError('forbidden', 'Only the operator can release a held deletion.');
    return retried(job, service);
  });
  const { serviceId, job } = found;
  context.log.warn(
    { decision: 'retry', job_id: job.id, service_id: serviceId, panel: caller.panel, token: caller.name },
    'a job was retried',
  );
  return found;
}
