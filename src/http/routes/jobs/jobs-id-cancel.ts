/** POST /jobs/{id}/cancel */
import { cancelJob } from '../../../jobs/manage/cancel-job.js';
import { oneJobRoute } from './one-job.js';

export const cancelJobRoute = oneJobRoute({
  call: 'POST /jobs/:id/cancel',
  id: 'cancelJob',
  summary: 'Cancel a job',
  description:
    'A job that has not started ends at once. One that has started is stopped and takes back what it did; this request answers at once, and the job ends as `cancelled` later. Past its point of no return a job cannot be cancelled.',
  answers: {
    200: {
      when: 'The job was cancelled, or is taking back what it did.',
      example: { status: 'cancelled', direction: 'undo', steps: [], steps_done: 0, steps_total: 0 },
    },
  },
  failures: ['job_ended', 'job_irrevocable', 'state_damaged', 'state_unavailable'],
  handle: ({ caller, jobId }, context) => cancelJob(context, caller, jobId),
});
