/** Changes a service's plan: checked at once with the figures, and again when its turn comes. */
import { AgentError } from '../kernel/errors.js';
import { findPlan, type Plan } from '../model/plan.js';
import type { Service } from '../model/service.js';
import { planProblem } from '../model/upgrade.js';
import type { Caller } from '../model/caller.js';
import { judge } from '../jobs/conflicts.js';
import type { OperationContext } from './context.js';
import { enqueue, type Started } from './enqueue.js';
import { refusePlan } from './refuse-plan.js';

/** Throws `unknown_plan`, `plan_too_small`, and as `enqueue`. The service has its new plan when the job has ended. */
export async function upgrade(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  id: string,
  planWord: string,
): Promise<Started> {
  const service = await context.state.services.get(`${caller.panel}/${id}`);
  const plan = planFor(context, caller, service, planWord);
  return enqueue(context, caller, id, {
    method: 'upgrade',
    args: { plan: plan.name },
    plan,
    change: (current) => ({ service: fitting(current, plan) }),
  });
}

export interface UpgradeCheck {
  readonly service: Service;
  readonly plan: Plan;
}

/** Answers as `upgrade` would, and does nothing. */
export async function checkUpgrade(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  id: string,
  planWord: string,
): Promise<UpgradeCheck> {
  const service = await context.state.services.get(`${caller.panel}/${id}`);
  const plan = planFor(context, caller, service, planWord);
  const verdict = judge(service, 'upgrade', { plan: plan.name });
  if (verdict.kind === 'refuse') throw verdict.error;
  return { service: fitting(service, plan), plan };
}

/** The plan a service has is known by its name even when it is no longer sold. */
function planFor(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  service: Service,
  word: string,
): Plan {
  const found = findPlan(context.config.plans, word.trim()) ?? findPlan([service.plan], word.trim());
  return found ?? refusePlan(context, caller, word);
}

function fitting(service: Service, plan: Plan): Service {
  const problem: AgentError | undefined = planProblem(service, plan);
  if (problem) throw problem;
  return service;
}
