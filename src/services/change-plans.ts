/** Creates, replaces and deletes plans. Plans of the configuration cannot be changed here. */
import { instant } from '../kernel/clock.js';
import { AgentError } from '../kernel/errors.js';
import { invalid } from '../kernel/invalid.js';
import { type Plan, wordsOf } from '../model/plan.js';
import { ownValue } from '../model/plan-option.js';
import { isHolding } from '../model/reservation.js';
import type { StoredPlan } from '../model/stored-plan.js';
import type { OperationContext } from './context.js';
import { type ListedPlan, productOf } from './plan-list.js';

/** Maximum number of plans that can be created. */
const MOST_PLANS = 1_000;

/**
 * Throws `plan_exists`, `quota_reached`, `unknown_module`, `state_unavailable`, and `invalid_request` if the product
 * does not accept the plan. The plan is durable when the promise resolves.
 */
export function createPlan(context: OperationContext, plan: Plan): Promise<ListedPlan> {
  return context.planTurns.run('plans', async () => {
    const { plans } = context.state;
    if (plans.list().length >= MOST_PLANS)
      throw new AgentError('quota_reached', `Plan limit reached (${MOST_PLANS} of ${MOST_PLANS})`);
    await refuseInvalid(context, plan, undefined);
    const now = instant(context.clock);
    await plans.commit(plan.name, () => ({ id: plan.name, plan, createdAt: now, updatedAt: now }));
    return readPlan(context, plan.name);
  });
}

/**
 * Replaces all values of a plan. Services keep the values that they were sold with. Throws `plan_not_found`,
 * `plan_read_only`, and what `createPlan` throws.
 */
export function replacePlan(context: OperationContext, plan: Plan): Promise<ListedPlan> {
  return context.planTurns.run('plans', async () => {
    const before = storedPlan(context, plan.name);
    await refuseInvalid(context, plan, before);
    await context.state.plans.commit(plan.name, (current = before) => ({
      ...current,
      plan,
      updatedAt: instant(context.clock),
    }));
    return readPlan(context, plan.name);
  });
}

/** Throws `plan_not_found`, `plan_read_only`, `plan_in_use`, `state_unavailable`. */
export function deletePlan(context: OperationContext, name: string): Promise<void> {
  return context.planTurns.run('plans', async () => {
    storedPlan(context, name);
    await context.state.plans.remove(name, () => {
      refuseUsed(context, name);
      return true;
    });
  });
}

/** Throws `plan_not_found`. */
export function readPlan({ plans }: Pick<OperationContext, 'plans'>, name: string): ListedPlan {
  const found = plans.list().find(({ plan }) => plan.name === name);
  if (found) return found;
  throw new AgentError('plan_not_found', 'There is no plan with this name.');
}

function storedPlan({ config, state }: OperationContext, name: string): StoredPlan {
  const found = state.plans.find(name);
  if (found) return found;
  if (config.plans.some((plan) => plan.name === name))
    throw new AgentError(
      'plan_read_only',
      'This plan is in the configuration and can be changed only there.',
    );
  throw new AgentError('plan_not_found', 'There is no plan with this name.');
}

/** `before`: the plan that is replaced. */
async function refuseInvalid(
  context: OperationContext,
  plan: Plan,
  before: StoredPlan | undefined,
): Promise<void> {
  const others = context.plans.all().filter((other) => other !== before?.plan);
  const taken = new Set(others.flatMap(wordsOf));
  const twice = wordsOf(plan).find((word) => taken.has(word));
  if (twice !== undefined)
    throw new AgentError('plan_exists', `Another plan has the name or alias "${twice}".`);
  const product = productOf(plan, context.config);
  context.products.get(product);
  const { problems } = await context.plans.judge.judge(plan, product);
  const all = { ...problems, ...optionProblems(plan) };
  if (Object.keys(all).length > 0) throw invalid(all);
}

function optionProblems(plan: Plan): Record<string, string> {
  const names = (plan.options ?? []).map(({ name }) => name);
  const problems = (plan.options ?? []).flatMap(({ name, min, max }, at): [string, string][] => {
    const own = ownValue(plan, name);
    if (names.indexOf(name) < at) return [[`options.${at}.name`, 'must not be the name of another option']];
    if (own === undefined)
      return [[`options.${at}.name`, 'must be a field of the plan or a number in its data']];
    const isOutside = own < min || own > max;
    return isOutside
      ? [[`options.${at}`, `must have a range that includes the plan's own value ${own}`]]
      : [];
  });
  return Object.fromEntries(problems);
}

/** Throws `plan_in_use`. A deleted service counts while its container is kept, because it can be restored. */
function refuseUsed({ state, clock }: OperationContext, name: string): void {
  let services = 0;
  for (const { plan, lifecycle, purgeAt } of state.services.entries())
    if (plan === name && (lifecycle !== 'terminated' || purgeAt !== null)) services += 1;
  const reservations = state.reservations
    .list()
    .filter((one) => one.plan.name === name && isHolding(one, clock.now())).length;
  if (services + reservations === 0) return;
  const used = [
    ...(services > 0 ? [`${services} ${services === 1 ? 'service' : 'services'}`] : []),
    ...(reservations > 0 ? [`${reservations} ${reservations === 1 ? 'reservation' : 'reservations'}`] : []),
  ].join(' and ');
  throw new AgentError('plan_in_use', `The plan is still used by ${used}.`);
}
