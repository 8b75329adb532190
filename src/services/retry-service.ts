/** Retries a service's failed order, stuck job or waiting job. Operators use this after they have fixed the cause. */
import { parseEmail } from '../model/email.js';
import { AgentError } from '../kernel/errors.js';
import { failedOrders } from '../model/failed-order.js';
import { FOR_RELEASE, isOpen, type Job } from '../model/job.js';
import { endsTheSite, makesTheSite } from '../model/job-kinds.js';
import { readOptions, soldWith } from '../model/plan-options.js';
import { keyOf, type Service } from '../model/service.js';
import type { Allocate } from './allocate.js';
import type { Caller } from '../model/caller.js';
import type { SiteOrder } from './check-order.js';
import type { OperationContext } from './context.js';
import { createOnceMore } from './create-site.js';
import { enqueue } from './enqueue.js';
import { retryJob } from '../jobs/manage/retry-job.js';

export interface RetriedService {
  readonly service: Service;
  readonly job: Job;
}

/**
 * A stuck job continues where it stopped, a job that waits for a system continues at once, and a failed order is placed
 * again as it was first sent. Throws `service_not_found`, `nothing_to_retry`, and what `retryJob`, `createSite` and
 * `enqueue` throw.
 */
export async function retryService(
  context: OperationContext,
  allocate: Allocate,
  caller: Caller,
  id: string,
): Promise<RetriedService> {
  const { services } = context.state;
  const key = keyOf({ panel: caller.panel, id });
  const service = await services.get(key);
  const held = toGoOn(service.jobs);
  if (held) {
    const { job } = await retryJob(context, caller, held.id);
    return { service: await services.get(key), job };
  }
  const failed = failedOrders(service).at(-1);
  if (!failed) throw nothingFailed(service);
  const again = makesTheSite(failed)
    ? await createOnceMore(context, allocate, caller, orderIn(service), {
        plan: soldPlan(context, service),
        module: service.module.name,
      })
    : (
        await enqueue(context, caller, id, {
          method: failed.method,
          args: failed.args,
          plan: failed.pinned.plan,
        })
      ).service;
  const job = again.jobs.findLast(({ method }) => method === failed.method);
  if (!job) throw new AgentError('internal_error', 'The job was lost because of an internal error.');
  context.log.warn(
    { decision: 'retry', job_id: job.id, service_id: id, panel: caller.panel, token: caller.name },
    'retrying a failed order',
  );
  return { service: again, job };
}

/**
 * Finds the job to continue. A job that ends the site comes first, because no other job may continue while such a job
 * is stuck. Held deletions are left out, because releasing one is a separate decision.
 */
function toGoOn(jobs: readonly Job[]): Job | undefined {
  const stuck = jobs.filter(({ status }) => status === 'stuck');
  const waiting = jobs.filter((job) => job.status === 'waiting' && job.waiting?.for !== FOR_RELEASE);
  return stuck.find(endsTheSite) ?? stuck[0] ?? waiting[0];
}

function nothingFailed(service: Service): AgentError {
  const isLeft = service.lifecycle === 'failed' && !service.jobs.some(isOpen);
  return isLeft
    ? new AgentError(
        'service_failed',
        'The site was abandoned, and parts of it still exist: delete the site first.',
      )
    : new AgentError(
        'nothing_to_retry',
        'No job of this service has failed, is stuck or is waiting for a system.',
      );
}

/** The original order of the service. The order was already checked when it arrived. */
function orderIn({ id, order, module }: Service): SiteOrder {
  const email = parseEmail(order.email);
  if (!email)
    throw new AgentError('invalid_request', 'The e-mail address of the order is no longer accepted.', {
      fields: { email: 'must be an e-mail address' },
    });
  const { planWord, publicIps, subdomain, domain, userId, properties, locale } = order;
  return {
    ...{ id, email, planWord, publicIps, subdomain, userId, properties, locale },
    domain: domain === undefined ? undefined : { name: domain, problem: null },
    module: module.name,
  };
}

/** The plan as sold or, for a restoration, the plan of the order that requested it. */
function soldPlan({ plans }: OperationContext, { order, plan }: Service) {
  const found = order.plan === plan.name ? undefined : plans.find(order.plan);
  return found ? soldWith(found, readOptions(found, order.properties).chosen) : plan;
}
