/** POST /jobs/{id}/cancel */
import { cancelJob } from '../../../jobs/manage/cancel-job.js';
import { oneJobRoute } from './one-job.js';

export const cancelJobRoute = oneJobRoute({
  call: 'POST /jobs/:id/cancel',
  id: 'cancelJob',
  summary: 'Cancel a job',
  description:
    'A job that has not started is cancelled immediately. A running job stops and rolls back its ' +
    'changes. The response does not wait for this rollback; the job ends as `cancelled` later. A ' +
    'job that has passed its point of no return cannot be cancelled.',
  answers: {
    200: {
      when: 'The job was cancelled, or its changes are being rolled back.',
      example: { status: 'cancelled', direction: 'undo', steps: [], steps_done: 0, steps_total: 0 },
    },
  },
  failures: ['job_ended', 'job_irrevocable', 'state_damaged', 'state_unavailable'],
  handle: ({ caller, jobId }, context) => cancelJob(context, caller, jobId),
});
