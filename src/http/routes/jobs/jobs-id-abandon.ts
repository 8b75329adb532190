/** POST /jobs/{id}/abandon */
import { Type } from 'typebox';
import { abandonJob } from '../../../jobs/manage/abandon-job.js';
import { viewJob } from '../../../jobs/manage/view-job.js';
import { callerOf, isOperator } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, JobIdText, success } from '../../schemas/common.js';
import { jobProperties } from '../../schemas/job.js';

const schema = {
  summary: 'Gives up a stuck job',
  description:
    'For operators. The job ends as `failed`; `remains` says what is left alone. What still exists keeps its name, number and addresses; the service can be deleted later.',
  tags: ['Jobs'],
  params: Type.Object({ id: JobIdText }),
  response: { 200: success(jobProperties, 'Given up.') },
  failures: failures(
    'job_not_found',
    'job_ended',
    'job_not_stuck',
    'service_busy',
    'state_damaged',
    'state_unavailable',
  ),
};

export const abandonJobRoute: Route = (app, context) => {
  app.post('/jobs/:id/abandon', { schema }, async (request) => {
    const caller = callerOf(request);
    const { serviceId, job } = await abandonJob(context, caller, request.params.id.toLowerCase());
    return { success: true as const, ...viewJob(serviceId, job, isOperator(request)) };
  });
};
