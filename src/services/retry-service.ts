/**
 * Does once more what a service's last order or operation did not bring about: for operators, when the cause is gone.
 */
import { parseEmail } from '../model/email.js';
import { AgentError } from '../kernel/errors.js';
import { failedOrders } from '../model/failed-order.js';
import { FOR_RELEASE, isOpen, type Job } from '../model/job.js';
import { endsTheSite, makesTheSite } from '../model/job-kinds.js';
import { findPlan } from '../model/plan.js';
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
 * A stuck job goes on where it stood, one that waits for a system at once, and a failed order is made again as it was
 * first ordered. Throws `service_not_found`, `nothing_to_retry`, and as `retryJob`, `createSite` and `enqueue`.
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
    ? await createOnceMore(context, allocate, caller, orderIn(service), soldPlan(context, service))
    : (
        await enqueue(context, caller, id, {
          method: failed.method,
          args: failed.args,
          plan: failed.pinned.plan,
        })
      ).service;
  const job = again.jobs.findLast(({ method }) => method === failed.method);
  if (!job) throw new AgentError('internal_error', 'A defect in the agent lost the job.');
  context.log.warn(
    { decision: 'retry', job_id: job.id, service_id: id, panel: caller.panel, token: caller.name },
    'a failed order is made again',
  );
  return { service: again, job };
}

/**
 * What ends the site comes first: while it is stuck nothing else may go on. A deletion that the brake holds is
 * another decision.
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
        'The site was given up, and something of it is left: it must be deleted first.',
      )
    : new AgentError(
        'nothing_to_retry',
        'Nothing of this service has failed, is stuck or waits for a system.',
      );
}

/** The first order, which was checked when it came. */
function orderIn({ id, order, module }: Service): SiteOrder {
  const email = parseEmail(order.email);
  if (!email)
    throw new AgentError('invalid_request', 'The e-mail address of the order is not accepted any more.', {
      fields: { email: 'must be an e-mail address' },
    });
  const { planWord, publicIps, subdomain, domain, userId, properties, locale } = order;
  return {
    ...{ id, email, planWord, publicIps, subdomain, userId, properties, locale },
    domain: domain === undefined ? undefined : { name: domain, problem: null },
    module: module.name,
  };
}

/** As it was sold; for the return of a site, as it was ordered with it. */
function soldPlan({ config }: OperationContext, { order, plan }: Service) {
  const found = order.plan === plan.name ? undefined : findPlan(config.plans, order.plan);
  return found ? soldWith(found, readOptions(found, order.properties).chosen) : plan;
}
