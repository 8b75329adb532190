/** POST /wp/upgrade */
import { Type } from 'typebox';
import type { JsonObject } from '../../../kernel/json.js';
import type { Service } from '../../../model/service.js';
import { upgrade } from '../../../services/upgrade.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures, ServiceIdIn } from '../../schemas/common.js';
import { startedAnswers } from '../../schemas/started.js';
import { warn } from '../../server/unknown-fields.js';
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
    'Memory and cores change while it runs, the disk grows, quotas follow. A smaller plan is applied as far as it goes: the disk stays as it is, and what is over a quota stays. `warnings` says what did not shrink. Where `upgrade.smaller_plan` is `refuse`, such a plan is refused with `plan_too_small`, and nothing changes. A plan that the service has already is answered with a warning and no job.',
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
    warn(request, ...started.warnings);
    if (!started.job)
      return { success: true as const, service_id: String(id), job_id: null, ...view(started.service) };
    return answerJob(context, request, reply, started, view);
  });
};

const view = (service: Service) => ({ plan: service.plan.name });
