/** Finds the plan that an order names, with the options that its properties choose. */
import { AgentError } from '../kernel/errors.js';
import type { JsonObject } from '../kernel/json.js';
import { invalid } from '../kernel/invalid.js';
import type { Caller } from '../model/caller.js';
import type { Plan } from '../model/plan.js';
import type { ChosenOptions } from '../model/plan-option.js';
import { readOptions, soldWith } from '../model/plan-options.js';
import type { OperationContext } from './context.js';
import { problemSentence } from './plan-judge.js';
import { productOf, withData } from './plan-list.js';
import { refusePlan } from './refuse-plan.js';

export interface PlanRequest {
  /** Name or alias. */
  readonly plan: string;
  readonly properties?: JsonObject | undefined;
}

type SellContext = Pick<OperationContext, 'config' | 'log' | 'noticed' | 'plans'>;

export interface SoldPlan {
  readonly plan: Plan;
  /** Name of the product module. */
  readonly module: string;
}

/**
 * Throws `unknown_plan`, `module_conflict`, `plan_unusable`. Throws `invalid_request`, which names each option that the
 * plan does not have or whose requested value the plan does not allow. `module` is the product that the order names.
 */
export async function sellPlan(
  context: SellContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  { plan: word, properties, module }: PlanRequest & { readonly module?: string | undefined },
): Promise<SoldPlan> {
  const plan = context.plans.find(word) ?? refusePlan(context, caller, word);
  const sold = module ?? productOf(plan, context.config);
  refuseOtherModule(plan, sold);
  return { plan: withOptions(await judged(context, plan, sold), properties), module: sold };
}

/** Throws `module_conflict` when the plan belongs to another product. */
export function refuseOtherModule(plan: Plan, module: string): void {
  if (plan.module === undefined || plan.module === module) return;
  throw new AgentError('module_conflict', `The plan ${plan.name} belongs to another product.`, {
    fields: { module: `must be ${plan.module}, the product of the plan ${plan.name}` },
  });
}

/**
 * The plan with the defaults of its product data. Throws `plan_unusable` when the product does not accept the plan. A
 * product that cannot be used is not reported here, because the error about the product itself says more.
 */
export async function judged(
  { plans, log }: Pick<SellContext, 'plans' | 'log'>,
  plan: Plan,
  product: string,
): Promise<Plan> {
  const verdict = await plans.judge.judge(plan, product);
  const { module: _, ...problems } = verdict.problems;
  const problem = problemSentence({ ...verdict, problems });
  if (problem === null) return withData(plan, verdict.data);
  log.error({ plan: plan.name, module: product, problem }, 'an order names a plan that cannot be used');
  throw new AgentError('plan_unusable', `The plan ${plan.name} cannot be ordered at the moment.`, {
    detail: problem,
  });
}

/** `kept` are options that stay unchanged unless the properties name them. Throws `invalid_request`. */
export function withOptions(plan: Plan, properties: JsonObject | undefined, kept: ChosenOptions = {}): Plan {
  const { chosen, problems } = readOptions(plan, properties);
  if (Object.keys(problems).length > 0) throw invalid(problems);
  return soldWith(plan, { ...kept, ...chosen });
}
