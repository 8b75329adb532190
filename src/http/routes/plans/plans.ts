/** GET /plans, POST /plans */
import { Type } from 'typebox';
import { createPlan } from '../../../services/change-plans.js';
import { soldOut } from '../../../services/sold-out.js';
import { isOperator } from '../../guards/auth.js';
import { NewPlanName, planFields, planIn, PlanView, viewPlan } from '../../schemas/plan.js';
import { jsonRoute } from '../../server/endpoint.js';

export const plansRoute = jsonRoute({
  call: 'GET /plans',
  id: 'listPlans',
  tag: 'Plans',
  summary: 'List the plans',
  answer: Type.Object({ plans: Type.Array(PlanView, { description: 'All plans.' }) }),
  answers: { 200: 'The plans that can be ordered.' },
  handle: ({ request }, context) => {
    const lackOf = soldOut(context);
    return { plans: context.plans.list().map((plan) => viewPlan(plan, isOperator(request), lackOf)) };
  },
});

export const createPlanRoute = jsonRoute({
  call: 'POST /plans',
  id: 'createPlan',
  tag: 'Plans',
  summary: 'Create a plan',
  description:
    'The product checks the plan before it is stored. `memory_mb`, `disk_gb` and `cores` are required if ' +
    'the product has a container.',
  body: Type.Object({ name: NewPlanName, ...planFields }),
  answer: PlanView,
  answers: { 201: { when: 'The plan was created.', example: { name: 'nextcloud-10', source: 'api' } } },
  failures: ['unknown_module', 'plan_exists', 'quota_reached', 'state_unavailable'],
  handle: async ({ body: { name, ...fields }, request }, context) =>
    viewPlan(await createPlan(context, planIn(name, fields)), isOperator(request), soldOut(context)),
});
