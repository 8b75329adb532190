/** GET /jobs/{id} */
import { Type } from 'typebox';
import { readJob } from '../../../jobs/manage/read-job.js';
import { viewJob } from '../../../jobs/manage/view-job.js';
import { callerOf, isOperator } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, JobIdText, success } from '../../schemas/common.js';
import { jobProperties } from '../../schemas/job.js';

const schema = {
  summary: 'Shows a job and its steps',
  tags: ['Jobs'],
  params: Type.Object({ id: JobIdText }),
  response: { 200: success(jobProperties, 'The job.') },
  failures: failures('job_not_found'),
};

export const jobRoute: Route = (app, context) => {
  app.get('/jobs/:id', { schema }, async (request) => {
    const { serviceId, job } = await readJob(context, callerOf(request), request.params.id.toLowerCase());
    return { success: true as const, ...viewJob(serviceId, job, isOperator(request)) };
  });
};
