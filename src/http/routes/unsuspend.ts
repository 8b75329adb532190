/** POST /unsuspend */
import { Type } from 'typebox';
import { SUSPENSION_REASONS } from '../../domain/service.js';
import { statusWord } from '../../domain/status.js';
import { unsuspend } from '../../operations/suspend.js';
import { lookUp } from '../../operations/read-power.js';
import { callerOf } from '../auth.js';
import type { Route } from '../route.js';
import { failures, ServiceIdIn, StatusText } from '../schemas/common.js';
import { startedAnswers } from '../schemas/started.js';
import { answerJob } from '../waiting.js';

const schema = {
  summary: 'Lifts a suspension',
  description: 'Lifts `billing` unless another reason is named; the site comes back with the last one.',
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
    'Lifted; also when there was none.',
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

export const unsuspendRoute: Route = (app, context) => {
  app.post('/unsuspend', { schema }, async (request, reply) => {
    const { service_id: id, reason } = request.body;
    const started = await unsuspend(context, callerOf(request), String(id), reason);
    return answerJob(context, request, reply, started, (service) => ({
      status: statusWord(service, lookUp(context.watch, service).power),
      suspended_for: [...service.suspendedFor],
    }));
  });
};
