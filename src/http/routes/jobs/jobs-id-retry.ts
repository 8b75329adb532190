/** POST /jobs/{id}/retry */
import { Type } from 'typebox';
import { retryJob } from '../../../jobs/manage/retry-job.js';
import { viewJob } from '../../../jobs/manage/view-job.js';
import { callerOf, isOperator } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, JobIdText, success } from '../../schemas/common.js';
import { jobProperties } from '../../schemas/job.js';

const schema = {
  summary: 'Lets a job go on where it stood',
  description:
    'A stuck job goes on where it stood (forward past the point of no return, else back), a waiting one at once; one that runs is left as it is. With the permission `admin` it also releases a deletion that the brake holds.',
  tags: ['Jobs'],
  params: Type.Object({ id: JobIdText }),
  response: { 200: success(jobProperties, 'It goes on.') },
  failures: failures(
    'job_not_found',
    'job_ended',
    'service_terminated',
    'state_damaged',
    'state_unavailable',
  ),
};

export const retryJobRoute: Route = (app, context) => {
  app.post('/jobs/:id/retry', { schema }, async (request) => {
    const caller = callerOf(request);
    const { serviceId, job } = await retryJob(context, caller, request.params.id.toLowerCase());
    return { success: true as const, ...viewJob(serviceId, job, isOperator(request)) };
  });
};
