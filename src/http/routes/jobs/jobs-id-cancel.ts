/** POST /jobs/{id}/cancel */
import { Type } from 'typebox';
import { cancelJob } from '../../../jobs/manage/cancel-job.js';
import { viewJob } from '../../../jobs/manage/view-job.js';
import { callerOf, isOperator } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, JobIdText, success } from '../../schemas/common.js';
import { jobProperties } from '../../schemas/job.js';

const schema = {
  summary: 'Ends a job before its time',
  description:
    'A job that has not begun ends at once. One that has is stopped, its effects are waited for, and what it did is taken back: it answers at once, and the job ends as `cancelled`. Past the point of no return it is refused.',
  tags: ['Jobs'],
  params: Type.Object({ id: JobIdText }),
  response: { 200: success(jobProperties, 'Cancelled, or on its way back.') },
  failures: failures('job_not_found', 'job_ended', 'job_irrevocable', 'state_damaged', 'state_unavailable'),
};

export const cancelJobRoute: Route = (app, context) => {
  app.post('/jobs/:id/cancel', { schema }, async (request) => {
    const caller = callerOf(request);
    const { serviceId, job } = await cancelJob(context, caller, request.params.id.toLowerCase());
    return { success: true as const, ...viewJob(serviceId, job, isOperator(request)) };
  });
};
