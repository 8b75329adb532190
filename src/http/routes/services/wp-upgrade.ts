/** POST /wp/upgrade */
import { Type } from 'typebox';
import { upgrade } from '../../../services/upgrade.js';
import { ServiceIdIn } from '../../schemas/common.js';
import { withExample } from '../../schemas/fields.js';
import { PlanName } from '../../schemas/service.js';
import { jobRoute } from '../../server/job-route.js';
import { warnOfOptions } from './option-names.js';
import { OptionsIn } from './plan-in.js';

export const UpgradeBody = Type.Object({
  service_id: ServiceIdIn,
  plan: Type.String({
    minLength: 1,
    maxLength: 200,
    'x-rule': 'must be the name of a plan',
    description: 'The name or an alias of the new plan, in upper or lower case.',
    examples: ['premium'],
  }),
  properties: OptionsIn,
});

export const upgradeRoute = jobRoute({
  call: 'POST /wp/upgrade',
  id: 'upgradeSite',
  tag: 'Sites',
  summary: 'Change the plan of a site',
  description:
    'Changes memory and cores while the site runs, enlarges the disk, and sets the quotas of the ' +
    'new plan. A smaller plan is applied as far as possible: the disk keeps its size, and nothing ' +
    'is deleted to meet a quota. `warnings` lists the resources that were not reduced. If ' +
    '`upgrade.smaller_plan` is `refuse` in the configuration, a smaller plan is refused with ' +
    '`plan_too_small`, and nothing changes. If the service already has the requested plan and ' +
    'options, the response contains a warning, and no job is started.',
  body: UpgradeBody,
  answer: Type.Object({ plan: withExample(PlanName, 'premium') }),
  done: 'The site has the new plan.',
  failures: [
    'unknown_plan',
    'module_conflict',
    'plan_unusable',
    'plan_too_small',
    'not_supported',
    'container_host_failed',
    'container_host_timeout',
  ],
  start: ({ caller, body, request }, context) => {
    warnOfOptions(request, body.properties);
    return upgrade(context, caller, String(body.service_id), body);
  },
  view: ({ service }) => ({ plan: service.plan.name }),
});
