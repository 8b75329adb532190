/** POST /services/{id}/forget */
import { Type } from 'typebox';
import type { Service } from '../../../model/service.js';
import { invalid } from '../../../kernel/invalid.js';
import { forgetService } from '../../../services/forget-service.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, ServiceIdText } from '../../schemas/common.js';
import { startedAnswers } from '../../schemas/started.js';
import { answerJob } from '../../server/waiting.js';

const schema = {
  summary: 'Lets go of a service whose container cannot be reached any more',
  description:
    'For operators. DNS and proxy are removed, name, address and number given back; what could not be removed is listed and must be removed by hand.',
  tags: ['Services'],
  params: Type.Object({ id: ServiceIdText }),
  body: Type.Object({
    confirm: Type.String({
      maxLength: 64,
      'x-rule': 'must be the id of the service once more',
      description: 'The id once more: what is forgotten does not come back.',
    }),
  }),
  response: startedAnswers(
    { status: Type.Literal('terminated'), left_behind: Type.Array(Type.String()) },
    'Forgotten.',
  ),
  failures: failures(
    'invalid_json',
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
    const { id } = request.params;
    if (request.body.confirm !== id) throw invalid({ confirm: 'must be the id of the service once more' });
    const started = await forgetService(context, callerOf(request), id);
    return answerJob(context, request, reply, started, view);
  });
};

const view = (service: Service) => ({
  status: 'terminated' as const,
  left_behind: [...(service.deletion?.leftBehind ?? [])],
});
