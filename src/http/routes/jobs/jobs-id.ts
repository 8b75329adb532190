/** GET /jobs/{id} */
import { readJob } from '../../../jobs/manage/read-job.js';
import { oneJobRoute } from './one-job.js';

export const readJobRoute = oneJobRoute({
  call: 'GET /jobs/:id',
  id: 'getJob',
  summary: 'Retrieve a job',
  description: 'The job with its steps. Jobs that ended long ago are found by their id, too.',
  answers: { 200: 'The job.' },
  handle: ({ caller, jobId }, context) => readJob(context, caller, jobId),
});
