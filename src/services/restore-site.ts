/** Restores a deleted site whose container is still kept, when the site's owner orders it again. */
import { isDeepStrictEqual } from 'node:util';
import { instant } from '../kernel/clock.js';
import { requestDomain, withoutRequestedDomain } from '../model/requested-domain.js';
import { AgentError } from '../kernel/errors.js';
import { isOpen, type Job } from '../model/job.js';
import type { JobKind } from '../model/job-kinds.js';
import type { Plan } from '../model/plan.js';
import { isHeld, type Order, type Service, type ServiceKey, withSite } from '../model/service.js';
import { planProblem } from '../model/upgrade.js';
import type { Caller } from '../model/caller.js';
import type { SiteOrder } from './check-order.js';
import type { OperationContext, SoldProduct } from './context.js';
import { newJob } from './new-job.js';
import type { OrderData } from './order-data.js';
import { refuseWithout } from './product-of.js';
import { upgradeArgs } from './upgrade.js';

/** A checked order with its plan and product. */
export interface Sale {
  readonly key: ServiceKey;
  readonly order: SiteOrder;
  readonly plan: Plan;
  readonly product: SoldProduct;
  readonly data: OrderData;
  readonly caller: Caller;
}

export function mayBeRestored(service: Service): boolean {
  return isHeld(service) && !service.jobs.some((job) => isOpen(job) || job.status === 'stuck');
}

export function orderOf({ order, plan, data }: Pick<Sale, 'order' | 'plan' | 'data'>): Order {
  return {
    email: order.email.address,
    plan: plan.name,
    planWord: order.planWord,
    publicIps: order.publicIps,
    ...(order.subdomain === undefined ? {} : { subdomain: order.subdomain }),
    ...(order.domain === undefined ? {} : { domain: order.domain.name }),
    ...(order.userId === undefined ? {} : { userId: order.userId }),
    ...(data.properties === undefined ? {} : { properties: data.properties }),
    ...(order.locale === undefined ? {} : { locale: order.locale }),
    ...(order.reservation === undefined ? {} : { reservation: order.reservation }),
  };
}

/**
 * Returns the service with a new job. The job restores the service with its former name, address and content. If the
 * order has a different plan, an upgrade is queued after the restoration. A suspension for `billing` is lifted; other
 * suspensions stay. Throws `service_exists` for a different e-mail address, and `plan_too_small` if smaller plans are
 * refused.
 */
export function restoredService(context: OperationContext, sale: Sale, held: Service): Service {
  const { order, plan, product, caller } = sale;
  if (order.email.address !== held.email) {
    throw new AgentError(
      'service_exists',
      `Service ${order.id} was deleted and is kept for its former owner until ${held.deletion?.purgeAt ?? ''}.`,
    );
  }
  const now = instant(context.clock);
  const asSold =
    plan.name === held.plan.name && isDeepStrictEqual({ ...plan.chosen }, { ...held.plan.chosen });
  const { smaller_plan: smallerPlan } = context.config.upgrade;
  const problem = asSold || smallerPlan === 'apply' ? undefined : planProblem(held, plan);
  if (problem) throw problem;
  if (!asSold) refuseWithout(product, 'upgrade');
  const job = (method: JobKind, pinned: Plan): Job =>
    newJob(context, {
      method,
      ...(method === 'upgrade' ? { args: upgradeArgs(plan, smallerPlan) } : {}),
      plan: pinned,
      product,
      caller,
      patienceS: context.config.create.patience_s,
    });
  const domainWish =
    order.domain === undefined
      ? {}
      : { domainWish: requestDomain(order.domain.name, order.domain.problem, context.clock.now()) };
  return {
    ...withSite(withoutRequestedDomain(held), { proxyEnabled: true, ...domainWish }),
    lifecycle: 'creating',
    order: orderOf(sale),
    userId: order.userId ?? held.userId,
    ...(order.locale === undefined ? {} : { locale: order.locale }),
    suspendedFor: held.suspendedFor.filter((reason) => reason !== 'billing'),
    jobs: [...held.jobs.slice(-1), job('restore', held.plan), ...(asSold ? [] : [job('upgrade', plan)])],
    updatedAt: now,
  };
}
