/** GET /jobs/{id} */
import { readJob } from '../../../jobs/manage/read-job.js';
import { oneJobRoute } from './one-job.js';

export const readJobRoute = oneJobRoute({
  call: 'GET /jobs/:id',
  id: 'getJob',
  summary: 'Retrieve a job',
  description: 'Returns the job with its steps. This also works for jobs that ended long ago.',
  answers: { 200: 'The job.' },
  handle: ({ caller, jobId }, context) => readJob(context, caller, jobId),
});
