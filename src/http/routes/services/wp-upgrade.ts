/** POST /wp/upgrade */
import { Type } from 'typebox';
import type { JsonObject } from '../../../kernel/json.js';
import { upgrade } from '../../../services/upgrade.js';
import { ServiceIdIn } from '../../schemas/common.js';
import { withExample } from '../../schemas/fields.js';
import { PlanName } from '../../schemas/service.js';
import { jobRoute } from '../../server/job-route.js';

export const UpgradeBody = Type.Object({
  service_id: ServiceIdIn,
  plan: Type.String({
    minLength: 1,
    maxLength: 200,
    'x-rule': 'must be the name of a plan',
    description: 'The name or an alias of the new plan. Case does not matter.',
    examples: ['premium'],
  }),
  properties: Type.Optional(
    Type.Unsafe<JsonObject>({
      type: 'object',
      'x-rule': 'must be an object',
      additionalProperties: true,
      description: 'Settings for the product module.',
    }),
  ),
});

export const upgradeRoute = jobRoute({
  call: 'POST /wp/upgrade',
  id: 'upgradeSite',
  tag: 'Sites',
  summary: 'Change the plan of a site',
  description:
    'Memory and cores change while the site runs, the disk grows, and the quotas follow. A smaller plan is applied as far as possible: the disk stays as it is, and what is over a quota stays; `warnings` says what did not shrink. If `upgrade.smaller_plan` is `refuse`, such a plan is refused with `plan_too_small`, and nothing changes. A plan that the service already has is answered with a warning and starts no job.',
  body: UpgradeBody,
  answer: Type.Object({ plan: withExample(PlanName, 'premium') }),
  done: 'The site has the new plan.',
  failures: ['unknown_plan', 'plan_too_small', 'container_host_failed', 'container_host_timeout'],
  start: ({ caller, body }, context) => upgrade(context, caller, String(body.service_id), body.plan),
  view: ({ service }) => ({ plan: service.plan.name }),
});
