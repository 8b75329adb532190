/** POST /services/{id}/forget */
import { Type } from 'typebox';
import type { Service } from '../../domain/service.js';
import { forgetService } from '../../operations/forget-service.js';
import { callerOf } from '../auth.js';
import type { Route } from '../route.js';
import { failures, ServiceIdText } from '../schemas/common.js';
import { startedAnswers } from '../schemas/started.js';
import { answerJob } from '../waiting.js';

const schema = {
  summary: 'Lets go of a service whose container cannot be reached any more',
  description:
    'For operators. DNS and proxy are removed, name, address and number given back; what could not be removed is listed and must be removed by hand.',
  tags: ['Services'],
  params: Type.Object({ id: ServiceIdText }),
  response: startedAnswers(
    { status: Type.Literal('terminated'), left_behind: Type.Array(Type.String()) },
    'Forgotten.',
  ),
  failures: failures(
    'service_not_found',
    'service_terminated',
    'state_damaged',
    'proxy_failed',
    'dns_failed',
    'state_unavailable',
  ),
};

export const forgetServiceRoute: Route = (app, context) => {
  app.post('/services/:id/forget', { schema }, async (request, reply) => {
    const started = await forgetService(context, callerOf(request), request.params.id);
    return answerJob(context, request, reply, started, view);
  });
};

const view = (service: Service) => ({
  status: 'terminated' as const,
  left_behind: [...(service.deletion?.leftBehind ?? [])],
});
