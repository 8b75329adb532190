/** GET /capacity */
import { Type } from 'typebox';
import { capacityOf, LIMITS, MOST_COUNTED } from '../../../services/capacity.js';
import { productOf } from '../../../services/plan-list.js';
import { refusePlan } from '../../../services/refuse-plan.js';
import { refuseOtherModule } from '../../../services/sell-plan.js';
import { flag, instant, nullable, whole } from '../../schemas/fields.js';
import { PlanName } from '../../schemas/service.js';
import { jsonRoute } from '../../server/endpoint.js';
import { ProductIn, PlanIn } from './plan-in.js';

export const capacityRoute = jsonRoute({
  call: 'GET /capacity',
  id: 'getCapacity',
  tag: 'Plans',
  summary: 'Check whether sites of a plan can be delivered',
  description:
    'The response uses only data that the agent already has, so it never waits for a container host.',
  query: Type.Object({
    plan: PlanIn,
    count: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MOST_COUNTED,
        default: 1,
        'x-rule': `must be a whole number from 1 to ${MOST_COUNTED}`,
        description: 'The number of sites to check.',
        examples: [2],
      }),
    ),
    module: ProductIn,
  }),
  answer: Type.Object({
    plan: PlanName,
    count: whole('The number of sites in the request.', 2),
    deliverable: nullable(
      flag(
        'True if this number of sites can be created now. The value is null if no data about the ' +
          'cluster is available yet.',
        true,
      ),
    ),
    available: nullable(
      whole(
        `The number of sites that can be created now. It is never higher than ${MOST_COUNTED}. The ` +
          'value is null if no data about the cluster is available yet.',
        37,
      ),
    ),
    limited_by: Type.Array(Type.Enum([...LIMITS], { type: 'string' }), {
      description: `The resources that would run out first. The list is empty if \`available\` is null or ${MOST_COUNTED}.`,
      examples: [['nodes']],
    }),
    reserved: whole(
      'The number of sites for which reservations hold capacity. Other orders cannot use this capacity.',
      0,
    ),
    waiting: whole(
      'The number of orders that wait for capacity. Other orders cannot use the capacity that these ' +
        'orders need.',
      0,
    ),
    stale_since: nullable(
      instant(
        'The time at which the cluster stopped responding. The value is null if the numbers are current.',
      ),
      null,
    ),
  }),
  answers: { 200: 'The available capacity.' },
  failures: ['unknown_plan', 'unknown_module', 'module_conflict'],
  handle: ({ query, caller }, context) => {
    const { plan: word, count = 1, module } = query;
    const { config, products, plans, watch } = context;
    const plan = plans.find(word) ?? refusePlan(context, caller, word);
    const sold = module ?? productOf(plan, config);
    refuseOtherModule(plan, sold);
    const product = products.get(sold);
    const { available, limitedBy, reserved, waiting } = capacityOf(context, plan, product);
    const stale = watch.staleSince();
    return {
      plan: plan.name,
      count,
      deliverable: available === null ? null : available >= count,
      available,
      limited_by: [...limitedBy],
      reserved,
      waiting,
      stale_since: stale === undefined ? null : new Date(stale).toISOString(),
    };
  },
});
