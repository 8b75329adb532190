/** POST /jobs/{id}/retry */
import { retryJob } from '../../../jobs/manage/retry-job.js';
import { oneJobRoute } from './one-job.js';

export const retryJobRoute = oneJobRoute({
  call: 'POST /jobs/:id/retry',
  id: 'retryJob',
  summary: 'Retry a job',
  description:
    'A stuck job that has passed its point of no return continues with its remaining steps. Any other ' +
    'stuck job continues its rollback. A waiting job continues immediately. A running job is not ' +
    'changed. With the permission `admin`, this request also releases a deletion that is held because ' +
    'of the deletion limit.',
  answers: {
    200: {
      when: 'The job continues, or is about to continue.',
      example: { status: 'queued', ended_at: null },
    },
  },
  failures: ['job_ended', 'service_terminated', 'state_damaged', 'state_unavailable'],
  handle: ({ caller, jobId }, context) => retryJob(context, caller, jobId),
});
