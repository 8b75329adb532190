/** Finds the plan that an order names, with the options that its properties choose. */
import type { JsonObject } from '../kernel/json.js';
import { invalid } from '../kernel/invalid.js';
import type { Caller } from '../model/caller.js';
import { findPlan, type Plan } from '../model/plan.js';
import type { ChosenOptions } from '../model/plan-option.js';
import { readOptions, soldWith } from '../model/plan-options.js';
import type { OperationContext } from './context.js';
import { refusePlan } from './refuse-plan.js';

export interface PlanRequest {
  /** Name or alias. */
  readonly plan: string;
  readonly properties?: JsonObject | undefined;
}

/**
 * Throws `unknown_plan`. Throws `invalid_request`, which names each option that the plan does not have or whose
 * requested value the plan does not allow.
 */
export function sellPlan(
  context: Pick<OperationContext, 'config' | 'log' | 'noticed'>,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  { plan: word, properties }: PlanRequest,
): Plan {
  const plan = findPlan(context.config.plans, word.trim()) ?? refusePlan(context, caller, word);
  return withOptions(plan, properties);
}

/** `kept` are options that stay unchanged unless the properties name them. Throws `invalid_request`. */
export function withOptions(plan: Plan, properties: JsonObject | undefined, kept: ChosenOptions = {}): Plan {
  const { chosen, problems } = readOptions(plan, properties);
  if (Object.keys(problems).length > 0) throw invalid(problems);
  return soldWith(plan, { ...kept, ...chosen });
}
