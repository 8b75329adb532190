/**
 * Records a request as a job of its service, in one write with the request's immediate changes. The table in
 * conflicts.ts decides whether the request joins an open job, is queued, supersedes open jobs, or is refused.
 */
import { instant } from '../kernel/clock.js';
import { AgentError } from '../kernel/errors.js';
import type { Job } from '../model/job.js';
import type { KindName } from '../model/job-kinds.js';
import type { JsonObject } from '../kernel/json.js';
import type { Plan } from '../model/plan.js';
import { keyOf, type Service } from '../model/service.js';
import type { Caller } from '../model/caller.js';
import { judge } from '../jobs/conflicts.js';
import type { OperationContext, SoldProduct } from './context.js';
import { newJob } from './new-job.js';
import { productFor } from './product-of.js';

export interface EnqueueRequest {
  /** The kind of the job. The method `<method>Job` of the product returns the flow of the job. */
  readonly method: KindName;
  /**
   * True when a customer has pressed a button and waits for the result. Default: true for kinds that customers usually
   * request.
   */
  readonly interactive?: boolean;
  readonly args?: JsonObject;
  /** Default: the method. */
  readonly tags?: readonly string[];
  /** The plan that is pinned in the job. Default: the service's plan. */
  readonly plan?: Plan;
  /**
   * Returns the service with the request's immediate changes, and job arguments that depend on the present service. Not
   * called when the request joins an open job. If the function throws an AgentError, nothing is recorded.
   */
  readonly change?: (service: Service) => { readonly service: Service; readonly args?: JsonObject };
  /**
   * Whether an open job with these arguments does the same as this request. Default: only if the arguments are equal.
   */
  readonly sameArgs?: (args: JsonObject) => boolean;
  /** Changes the job just before it is recorded. */
  readonly shape?: (job: Job) => Job;
}

export interface Started {
  readonly service: Service;
  readonly job: Job;
  /** True when an open job already does what was requested. */
  readonly joined: boolean;
}

/**
 * Throws `service_not_found`, `service_suspended`, `service_busy`, `service_failed`, `service_terminated`,
 * `service_exists`, `not_supported`, `unknown_module`, `state_damaged`, `state_unavailable`, and what `change` throws.
 */
export async function enqueue(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  serviceId: string,
  request: EnqueueRequest,
): Promise<Started> {
  const key = keyOf({ panel: caller.panel, id: serviceId });
  // an unknown id must fail here, before the write
  await context.state.services.get(key);
  const { value, result } = await context.state.services.change(key, (current) => {
    if (!current) throw new AgentError('service_not_found', 'There is no service with this id.');
    const verdict = judge(current, request.method, request.sameArgs ?? request.args ?? {});
    if (verdict.kind === 'refuse') throw verdict.error;
    if (verdict.kind === 'join') return { value: current, result: { job: verdict.job, joined: true } };
    const product = productFor(context.products, current, request.method);
    const { service, args } = request.change?.(current) ?? { service: current };
    const job = jobFor(context, caller, service, {
      ...request,
      product,
      ...(args === undefined ? {} : { args }),
    });
    return {
      value: withJob(service, job, verdict.supersedes, instant(context.clock)),
      result: { job, joined: false },
    };
  });
  return { service: value, ...result };
}

function jobFor(
  context: OperationContext,
  caller: Pick<Caller, 'requestId'>,
  service: Service,
  requested: EnqueueRequest & { readonly product: SoldProduct },
): Job {
  const job = newJob(context, { ...requested, plan: requested.plan ?? service.plan, caller });
  return requested.shape?.(job) ?? job;
}

/** Adds the job to the service. The runner ends the superseded jobs, because it must wait for a job that is running. */
function withJob(service: Service, job: Job, supersedes: readonly Job[], now: string): Service {
  const ids = new Set(supersedes.map(({ id }) => id));
  const jobs = service.jobs.map((other): Job =>
    ids.has(other.id) ? { ...other, cancel: { at: now, undo: false } } : other,
  );
  return { ...service, jobs: [...jobs, job], updatedAt: now };
}
