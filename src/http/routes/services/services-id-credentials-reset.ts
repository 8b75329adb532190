/** POST /services/{id}/credentials/reset */
import { Type } from 'typebox';
import { readableUntil } from '../../../model/credentials.js';
import { resetCredentials } from '../../../services/reset-credentials.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, Instant, ServiceIdText } from '../../schemas/common.js';
import { startedAnswers } from '../../schemas/started.js';
import { answerJob } from '../../server/waiting.js';

const schema = {
  summary: "Gives the site's first administrator a new password",
  description:
    'Read it with `GET /services/{id}/credentials`: until acknowledged, and at most 7 days. The site must be running.',
  tags: ['Services'],
  params: Type.Object({ id: ServiceIdText }),
  response: startedAnswers({ readable_until: Instant }, 'The site has a new password.'),
  failures: failures(
    'service_not_found',
    'service_suspended',
    'service_failed',
    'service_terminated',
    'service_stopped',
    'administrator_missing',
    'recipe_failed',
    'container_host_failed',
    'container_host_timeout',
    'state_damaged',
    'state_unavailable',
  ),
};

export const resetCredentialsRoute: Route = (app, context) => {
  app.post('/services/:id/credentials/reset', { schema }, async (request, reply) => {
    const started = await resetCredentials(context, callerOf(request), request.params.id);
    return answerJob(context, request, reply, started, (service) => ({
      readable_until: new Date(readableUntil(service)).toISOString(),
    }));
  });
};
