/** POST /jobs/{id}/skip-step */
import { Type } from 'typebox';
import { skipStep } from '../../../jobs/manage/skip-step.js';
import { oneJobRoute } from './one-job.js';

export const skipStepRoute = oneJobRoute({
  call: 'POST /jobs/:id/skip-step',
  id: 'skipJobStep',
  summary: 'Mark a step of a stuck job as completed',
  description:
    'This endpoint is for operators who have completed the step manually. The job stays stuck ' +
    'until it is retried. Then it continues without this step.',
  body: Type.Object({
    step: Type.String({
      minLength: 1,
      maxLength: 100,
      description: 'The name of the step.',
      examples: ['dns'],
    }),
  }),
  answers: {
    200: { when: 'The step was marked as completed.', example: { status: 'stuck', direction: 'undo' } },
  },
  failures: ['step_not_found', 'job_ended', 'job_not_stuck', 'state_damaged', 'state_unavailable'],
  handle: ({ caller, jobId, body }, context) => skipStep(context, caller, jobId, body.step),
});
