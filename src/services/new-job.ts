/** Creates the job for an accepted request. The job pins the present plan, settings and module. */
import { v7 as uuidV7 } from 'uuid';
import { instant } from '../kernel/clock.js';
import { DEFAULT_POLICY, type Job } from '../model/job.js';
import { kindData, type KindName } from '../model/job-kinds.js';
import type { JsonObject } from '../kernel/json.js';
import type { Plan } from '../model/plan.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext, SoldProduct } from './context.js';

export interface JobOrder {
  readonly method: KindName;
  /**
   * True when a customer has pressed a button and waits for the result. Default: true for kinds that customers usually
   * request.
   */
  readonly interactive?: boolean | undefined;
  readonly args?: JsonObject | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly plan: Plan;
  readonly product: SoldProduct;
  readonly caller: Pick<Caller, 'requestId'>;
  /** Seconds that the job waits for a system that is down. Default: the value of the policy. */
  readonly patienceS?: number | undefined;
}

/**
 * Seconds that an interactive job waits for a system that is down. A customer who has pressed a button does not want
 * the action to happen hours later.
 */
const INTERACTIVE_PATIENCE_S = 900;

export function newJob({ clock, config }: Pick<OperationContext, 'clock' | 'config'>, order: JobOrder): Job {
  const { product } = order;
  const interactive = order.interactive ?? kindData(order.method).askedBy === 'customer';
  return {
    id: uuidV7({ msecs: clock.now() }),
    method: order.method,
    status: 'queued',
    direction: 'forward',
    interactive,
    tags: [...(order.tags ?? [order.method])],
    requestId: order.caller.requestId,
    args: order.args ?? {},
    pinned: {
      module: {
        type: 'product',
        name: product.info.name,
        version: product.info.version,
        ...(typeof product.hash === 'string' ? { hash: product.hash } : {}),
      },
      plan: order.plan,
      settings: product.settings,
    },
    policy: {
      ...DEFAULT_POLICY,
      backoffS: config.jobs.retry_s,
      ...(interactive ? { patienceS: INTERACTIVE_PATIENCE_S } : {}),
      ...product.declared.policies[order.method],
      ...(order.patienceS === undefined ? {} : { patienceS: order.patienceS }),
    },
    attempts: 0,
    exceptions: 0,
    crashes: 0,
    steps: [],
    createdAt: instant(clock),
    startedAt: null,
    endedAt: null,
  };
}
