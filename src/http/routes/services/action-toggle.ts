/** POST /action/toggle */
import { Type } from 'typebox';
import { type Service, siteOf } from '../../../model/service.js';
import { toggle } from '../../../services/toggle.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, ServiceIdIn } from '../../schemas/common.js';
import { startedAnswers } from '../../schemas/started.js';
import { answerJob } from '../../server/waiting.js';

const schema = {
  summary: 'Switches all names of a site off or on',
  description: 'Without `enabled` the other way round than it is.',
  tags: ['Customer actions'],
  body: Type.Object({
    service_id: ServiceIdIn,
    enabled: Type.Optional(Type.Boolean({ 'x-rule': 'must be true or false' })),
  }),
  response: startedAnswers({ enabled: Type.Boolean() }, 'Done.'),
  failures: failures(
    'invalid_json',
    'service_suspended',
    'service_not_found',
    'not_supported',
    'service_failed',
    'service_terminated',
    'state_damaged',
    'proxy_failed',
    'state_unavailable',
  ),
};

export const toggleRoute: Route = (app, context) => {
  app.post('/action/toggle', { schema }, async (request, reply) => {
    const { service_id: id, enabled } = request.body;
    const started = await toggle(context, callerOf(request), String(id), enabled);
    return answerJob(context, request, reply, started, view);
  });
};

const view = (service: Service) => ({ enabled: siteOf(service).proxyEnabled });
