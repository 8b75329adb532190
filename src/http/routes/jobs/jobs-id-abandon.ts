/** POST /jobs/{id}/abandon */
import { abandonJob } from '../../../jobs/manage/abandon-job.js';
import { oneJobRoute } from './one-job.js';

export const abandonJobRoute = oneJobRoute({
  call: 'POST /jobs/:id/abandon',
  id: 'abandonJob',
  summary: 'Abandon a stuck job',
  description:
    'This endpoint is for operators. The job ends as `failed`, and `remains` lists the objects that ' +
    'it leaves behind. These objects keep their name, VMID and addresses. The service can be deleted ' +
    'later.',
  answers: {
    200: {
      when: 'The job was abandoned.',
      example: {
        status: 'failed',
        abandoned_at: '2026-03-01T12:30:00.000Z',
        steps: [],
        steps_done: 0,
        steps_total: 0,
      },
    },
  },
  failures: ['job_ended', 'job_not_stuck', 'service_busy', 'state_damaged', 'state_unavailable'],
  handle: ({ caller, jobId }, context) => abandonJob(context, caller, jobId),
});
