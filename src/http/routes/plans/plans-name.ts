/** GET, PUT and DELETE /plans/{name} */
import { Type } from 'typebox';
import { deletePlan, readPlan, replacePlan } from '../../../services/change-plans.js';
import { soldOut } from '../../../services/sold-out.js';
import { isOperator } from '../../guards/auth.js';
import { planFields, planIn, PlanParams, PlanView, viewPlan } from '../../schemas/plan.js';
import { PlanName } from '../../schemas/service.js';
import { jsonRoute } from '../../server/endpoint.js';

export const planRoute = jsonRoute({
  call: 'GET /plans/:name',
  id: 'getPlan',
  tag: 'Plans',
  summary: 'Retrieve a plan',
  params: PlanParams,
  answer: PlanView,
  answers: { 200: 'The plan.' },
  failures: ['plan_not_found'],
  handle: ({ params, request }, context) =>
    viewPlan(readPlan(context, params.name), isOperator(request), soldOut(context)),
});

export const replacePlanRoute = jsonRoute({
  call: 'PUT /plans/:name',
  id: 'replacePlan',
  tag: 'Plans',
  summary: 'Replace a plan',
  description:
    'Sets all values of the plan; omitted fields get their defaults. Services keep the values that they ' +
    'were sold with until they are upgraded. Plans of the configuration cannot be replaced.',
  params: PlanParams,
  body: Type.Object(planFields),
  answer: PlanView,
  answers: { 200: 'The plan was replaced.' },
  failures: ['unknown_module', 'plan_not_found', 'plan_exists', 'plan_read_only', 'state_unavailable'],
  handle: async ({ params, body, request }, context) =>
    viewPlan(await replacePlan(context, planIn(params.name, body)), isOperator(request), soldOut(context)),
});

export const deletePlanRoute = jsonRoute({
  call: 'DELETE /plans/:name',
  id: 'deletePlan',
  tag: 'Plans',
  summary: 'Delete a plan',
  description:
    'A plan that services or reservations use cannot be deleted. Plans of the configuration cannot be ' +
    'deleted.',
  params: PlanParams,
  answer: Type.Object({ name: PlanName }),
  answers: { 200: 'The plan was deleted.' },
  failures: ['plan_not_found', 'plan_in_use', 'plan_read_only', 'state_unavailable'],
  handle: async ({ params: { name } }, context) => {
    await deletePlan(context, name);
    return { name };
  },
});
