/** POST /wp/upgrade */
import { Type } from 'typebox';
import type { JsonObject } from '../../../kernel/json.js';
import type { Service } from '../../../model/service.js';
import { upgrade } from '../../../services/upgrade.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, ServiceIdIn } from '../../schemas/common.js';
import { startedAnswers } from '../../schemas/started.js';
import { answerJob } from '../../server/waiting.js';

export const UpgradeBody = Type.Object({
  service_id: ServiceIdIn,
  plan: Type.String({
    minLength: 1,
    maxLength: 200,
    'x-rule': 'must be the name of a plan',
    description: 'Name or alias, without regard to case.',
  }),
  properties: Type.Optional(
    Type.Unsafe<JsonObject>({ type: 'object', 'x-rule': 'must be an object', additionalProperties: true }),
  ),
});

const schema = {
  summary: 'Changes the plan of a site',
  description:
    'Memory and cores change while it runs, the disk grows, quotas follow. A plan with a smaller disk, or with a quota under what is in use, is refused and nothing changes.',
  tags: ['Sites'],
  body: UpgradeBody,
  response: startedAnswers({ plan: Type.String() }, 'The site has this plan now.'),
  failures: failures(
    'invalid_json',
    'unknown_plan',
    'service_not_found',
    'service_failed',
    'service_terminated',
    'plan_too_small',
    'state_damaged',
    'container_host_failed',
    'container_host_timeout',
    'state_unavailable',
  ),
};

export const upgradeRoute: Route = (app, context) => {
  app.post('/wp/upgrade', { schema }, async (request, reply) => {
    const { service_id: id, plan } = request.body;
    const started = await upgrade(context, callerOf(request), String(id), plan);
    return answerJob(context, request, reply, started, view);
  });
};

const view = (service: Service) => ({ plan: service.plan.name });
