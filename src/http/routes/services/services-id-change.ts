/** PATCH /services/{id} */
import { Type } from 'typebox';
import type { Service } from '../../../model/service.js';
import { changeOwner } from '../../../services/change-owner.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, nullable, ServiceIdText } from '../../schemas/common.js';
import { startedAnswers } from '../../schemas/started.js';
import { answerJob } from '../../server/waiting.js';

const schema = {
  summary: 'Gives a service another owner',
  description:
    "The site's administrator gets the new address too: at once, or when a stopped site starts. What is not named stays; when the job fails, all is as it was before.",
  tags: ['Services'],
  params: Type.Object({ id: ServiceIdText }),
  body: Type.Object(
    {
      email: Type.Optional(Type.String({ maxLength: 254, 'x-rule': 'must be an e-mail address' })),
      user_id: Type.Optional(
        Type.Union([Type.String({ minLength: 1, maxLength: 128 }), Type.Integer(), Type.Null()], {
          'x-rule': 'must be text of at most 128 characters, a whole number, or null',
        }),
      ),
    },
    { minProperties: 1 },
  ),
  response: startedAnswers({ email: Type.String(), user_id: nullable(Type.String()) }, 'Changed.'),
  failures: failures(
    'invalid_json',
    'service_not_found',
    'service_failed',
    'service_terminated',
    'state_damaged',
    'recipe_failed',
    'container_host_timeout',
    'state_unavailable',
  ),
};

export const changeServiceRoute: Route = (app, context) => {
  app.patch('/services/:id', { schema }, async (request, reply) => {
    const { email, user_id: userId } = request.body;
    const { id } = request.params;
    const done = await changeOwner(context, callerOf(request), id, {
      email,
      userId: userId === undefined || userId === null ? userId : String(userId),
    });
    if (!done.job) return { success: true as const, service_id: id, job_id: null, ...view(done.service) };
    return answerJob(context, request, reply, done, view);
  });
};

const view = (service: Service) => ({ email: service.email, user_id: service.userId });
