/**
 * Changes a service's plan. The agent compares the plan with the service's usage when the request arrives, and again
 * when the job runs.
 */
import { isDeepStrictEqual } from 'node:util';
import { AgentError } from '../kernel/errors.js';
import type { JsonObject } from '../kernel/json.js';
import { failedOrders } from '../model/failed-order.js';
import { isOpen } from '../model/job.js';
import { groupOf } from '../model/server.js';
import { findPlan, type Plan, sameValues, type SmallerPlan } from '../model/plan.js';
import type { Service } from '../model/service.js';
import { excessOver, planProblem, staysSentence } from '../model/upgrade.js';
import type { Caller } from '../model/caller.js';
import { judge } from '../jobs/conflicts.js';
import type { OperationContext } from './context.js';
import { enqueue, type Started } from './enqueue.js';
import { productFor } from './product-of.js';
import { refusePlan, shownPlan } from './refuse-plan.js';
import { productOf } from './plan-list.js';
import { judged, type PlanRequest, refuseOtherModule, withOptions } from './sell-plan.js';

type By = Pick<Caller, 'panel' | 'requestId'>;

export type Upgraded = (Started | { readonly service: Service; readonly job: undefined }) & {
  /** Sentences for the panel about the parts of the plan that are not applied. */
  readonly warnings: readonly string[];
};

/**
 * Starts no job when the service already has this plan. Throws `unknown_plan`, `module_conflict`, `plan_unusable`,
 * `plan_too_small` if smaller plans are refused, and what `enqueue` throws. The service has the new plan when the job
 * has completed.
 */
export async function upgrade(
  context: OperationContext,
  caller: By,
  id: string,
  request: PlanRequest,
): Promise<Upgraded> {
  const { smaller_plan: smallerPlan } = context.config.upgrade;
  const { service, plan, isChange, warnings } = await checkUpgrade(context, caller, id, request);
  if (!isChange) {
    const { log, noticed } = context;
    const sent = shownPlan(request.plan);
    log.warn(
      { service_id: id, panel: caller.panel, plan: sent },
      'a panel ordered an upgrade that changes nothing',
    );
    noticed?.({ kind: 'upgrade_without_change', panel: caller.panel, plan: sent, service: id });
    return { service, job: undefined, warnings };
  }
  const started = await enqueue(context, caller, id, {
    method: 'upgrade',
    args: upgradeArgs(plan, smallerPlan),
    sameArgs: isFor(plan),
    plan,
    change: (current) => ({ service: fitting(context, current, plan) }),
  });
  return { ...started, warnings };
}

/** Arguments of a job that gives a service this plan. */
export function upgradeArgs(plan: Plan, smallerPlan: SmallerPlan): JsonObject {
  return { plan: plan.name, options: { ...plan.chosen }, smaller_plan: smallerPlan };
}

const isFor =
  (plan: Plan) =>
  (args: JsonObject): boolean =>
    args['plan'] === plan.name && isDeepStrictEqual(args['options'] ?? {}, { ...plan.chosen });

export interface UpgradeCheck {
  readonly service: Service;
  readonly plan: Plan;
  /** False if the service already has this plan and no job changes it to another plan. */
  readonly isChange: boolean;
  readonly warnings: readonly string[];
}

/** Returns what `upgrade` would return, but changes nothing. */
export async function checkUpgrade(
  context: OperationContext,
  caller: By,
  id: string,
  request: PlanRequest,
): Promise<UpgradeCheck> {
  const service = await context.state.services.get(`${caller.panel}/${id}`);
  const plan = await planFor(context, caller, service, request);
  const verdict = judge(service, 'upgrade', isFor(plan));
  if (verdict.kind === 'refuse') throw verdict.error;
  const isChange = verdict.kind === 'join' || !hasAlready(service, plan);
  if (isChange && verdict.kind === 'add') productFor(context.products, service, 'upgrade');
  if (isChange) fitting(context, service, plan);
  const warnings = isChange
    ? excessOver(service, plan).map((one) => staysSentence(one, plan.name))
    : [`The service already has the plan ${plan.name} with these options: nothing changes.`];
  return { service, plan, isChange, warnings };
}

/**
 * Whether the service already has the plan. False when a job changes the plan to another one, or when such a job failed
 * and needs an operator.
 */
function hasAlready(service: Service, plan: Plan): boolean {
  const isUpgrade = ({ method }: { readonly method: string }): boolean => method === 'upgrade';
  const coming = service.jobs.some((job) => isUpgrade(job) && isOpen(job) && !job.cancel);
  return !coming && !failedOrders(service).some(isUpgrade) && sameValues(service.plan, plan);
}

/**
 * Finds the plan for an upgrade. The service's present plan is found by its name even if it is no longer sold. If the
 * plan stays the same, options that the request does not name are kept; a different plan starts with its own values.
 */
async function planFor(
  context: OperationContext,
  caller: By,
  service: Service,
  { plan: word, properties }: PlanRequest,
): Promise<Plan> {
  const sold = context.plans.find(word);
  if (sold) refuseForeign(context, service, sold);
  const found = sold
    ? await judged(context, sold, service.module.name)
    : (findPlan([service.plan], word.trim()) ?? refusePlan(context, caller, word));
  return withOptions(found, properties, found.name === service.plan.name ? service.plan.chosen : {});
}

/**
 * Throws `module_conflict` when the plan is for another product. A plan that names no product is for the default
 * product; a service of another product may have it only if its own plan names no product either. Throws
 * `not_supported` when the plan is for another group of servers.
 */
function refuseForeign({ config, state }: OperationContext, service: Service, wanted: Plan): void {
  const { plan, module } = service;
  refuseOtherModule(wanted, module.name);
  const server = service.server ? state.servers.find(service.server.id) : undefined;
  if (server && wanted.name !== plan.name && groupOf(wanted) !== server.group)
    throw new AgentError('not_supported', 'The plan is for other servers, and the account cannot be moved.', {
      detail: `the account is on ${server.name} in the group ${server.group}`,
    });
  if (wanted.module === undefined && plan.module !== undefined)
    refuseOtherModule({ ...wanted, module: productOf(wanted, config) }, module.name);
}

function fitting({ config }: OperationContext, service: Service, plan: Plan): Service {
  const isRefused = config.upgrade.smaller_plan === 'refuse';
  const problem: AgentError | undefined = isRefused ? planProblem(service, plan) : undefined;
  if (problem) throw problem;
  return service;
}
