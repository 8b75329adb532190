/** POST /suspend */
import { Type } from 'typebox';
import { SUSPENSION_REASONS } from '../../domain/service.js';
import { statusWord } from '../../domain/status.js';
import { suspend } from '../../operations/suspend.js';
import { lookUp } from '../../operations/read-power.js';
import { callerOf } from '../auth.js';
import type { Route } from '../route.js';
import { failures, ServiceIdIn, StatusText } from '../schemas/common.js';
import { startedAnswers } from '../schemas/started.js';
import { answerJob } from '../waiting.js';

const schema = {
  summary: 'Suspends a service',
  description:
    'The site is stopped and keeps its data; visitors of all its names see a page that says so. Customer changes are refused from now on.',
  tags: ['Sites'],
  body: Type.Object({
    service_id: ServiceIdIn,
    reason: Type.Optional(
      Type.Enum([...SUSPENSION_REASONS], {
        default: 'billing',
        'x-rule': 'must be billing, abuse or admin',
      }),
    ),
  }),
  response: startedAnswers(
    { status: StatusText, suspended_for: Type.Array(Type.String()) },
    'Suspended; also when it was before.',
  ),
  failures: failures(
    'invalid_json',
    'service_not_found',
    'service_failed',
    'service_terminated',
    'state_damaged',
    'container_host_failed',
    'container_host_timeout',
    'proxy_failed',
    'state_unavailable',
  ),
};

export const suspendRoute: Route = (app, context) => {
  app.post('/suspend', { schema }, async (request, reply) => {
    const { service_id: id, reason } = request.body;
    const started = await suspend(context, callerOf(request), String(id), reason);
    return answerJob(context, request, reply, started, (service) => ({
      status: statusWord(service, lookUp(context.watch, service).power),
      suspended_for: [...service.suspendedFor],
    }));
  });
};
