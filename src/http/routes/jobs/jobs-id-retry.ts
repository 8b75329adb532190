/** POST /jobs/{id}/retry */
import { retryJob } from '../../../jobs/manage/retry-job.js';
import { oneJobRoute } from './one-job.js';

export const retryJobRoute = oneJobRoute({
  call: 'POST /jobs/:id/retry',
  id: 'retryJob',
  summary: 'Retry a job',
  description:
    'A stuck job continues from where it stopped: forward if it has passed its point of no return, ' +
    'otherwise with the rollback. A waiting job continues immediately. A running job is not changed. ' +
    'With the permission `admin`, this also releases a deletion that is held because of the deletion ' +
    'limit.',
  answers: {
    200: { when: 'The job continues.', example: { status: 'queued', ended_at: null } },
  },
  failures: ['job_ended', 'service_terminated', 'state_damaged', 'state_unavailable'],
  handle: ({ caller, jobId }, context) => retryJob(context, caller, jobId),
});
