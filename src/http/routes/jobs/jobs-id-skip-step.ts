/** POST /jobs/{id}/skip-step */
import { Type } from 'typebox';
import { skipStep } from '../../../jobs/manage/skip-step.js';
import { viewJob } from '../../../jobs/manage/view-job.js';
import { callerOf, isOperator } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, JobIdText, success } from '../../schemas/common.js';
import { jobProperties } from '../../schemas/job.js';

const schema = {
  summary: 'Marks a step of a stuck job as dealt with by hand',
  description: 'For operators. The job stays stuck until it is retried; then it goes on without this step.',
  tags: ['Jobs'],
  params: Type.Object({ id: JobIdText }),
  body: Type.Object({
    step: Type.String({ minLength: 1, maxLength: 100, description: 'Name of the step.' }),
  }),
  response: { 200: success(jobProperties, 'Marked.') },
  failures: failures(
    'invalid_json',
    'job_not_found',
    'step_not_found',
    'job_ended',
    'job_not_stuck',
    'state_damaged',
    'state_unavailable',
  ),
};

export const skipStepRoute: Route = (app, context) => {
  app.post('/jobs/:id/skip-step', { schema }, async (request) => {
    const caller = callerOf(request);
    const { serviceId, job } = await skipStep(
      context,
      caller,
      request.params.id.toLowerCase(),
      request.body.step,
    );
    return { success: true as const, ...viewJob(serviceId, job, isOperator(request)) };
  });
};
