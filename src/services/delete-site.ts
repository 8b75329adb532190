/**
 * Accepts the deletion of a site in any state. Deletions beyond the hourly limit (`deletion.brake`) wait until an
 * operator releases them.
 */
import { asAgentError } from '../kernel/errors.js';
import { failedOrders } from '../model/failed-order.js';
import { FOR_RELEASE, type Job } from '../model/job.js';
import { isHeld, keyOf, type Service } from '../model/service.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from './context.js';
import { enqueue, type Started } from './enqueue.js';

const FAR_AWAY = '9999-12-31T23:59:59.999Z';

/**
 * Returns no job when the service was already deleted. Throws `service_not_found`, `state_damaged`, `state_unavailable`
 * and, while the service is being forgotten, `service_terminated`.
 */
export async function deleteSite(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  id: string,
): Promise<Started | { readonly service: Service; readonly job: undefined }> {
  const key = `${caller.panel}/${id}` as const;
  const before = await context.state.services.get(key);
  if (isDone(before)) return { service: await unwanted(context, before), job: undefined };
  try {
    const started = await enqueue(context, caller, id, {
      // if the deleted site is still held, its purge has failed and is started again
      ...(isHeld(before)
        ? { method: 'purge' }
        : {
            method: 'delete',
            args: { hold_s: holdFor(context, before) },
            shape: (job: Job) => (context.brake.passes() ? job : held(job)),
          }),
    });
    if (started.job.waiting?.for === FOR_RELEASE && !started.joined) alarm(context, started);
    return started;
  } catch (error) {
    const now = await context.state.services.get(key);
    if (asAgentError(error).code === 'service_terminated' && isDone(now))
      return { service: now, job: undefined };
    throw error;
  }
}

/**
 * Removes a failed restoration job from the service when the restoration is no longer wanted, so that no alert reports
 * the job. The archive keeps the job.
 */
async function unwanted({ state }: OperationContext, service: Service): Promise<Service> {
  if (failedOrders(service).length === 0) return service;
  return state.services.commit(keyOf(service), (current = service) => {
    const failed: readonly Job[] = failedOrders(current);
    return isDone(current)
      ? { ...current, jobs: current.jobs.filter((job) => !failed.includes(job)) }
      : current;
  });
}

/** False when the kept container could not be removed because the purge is stuck or was abandoned. */
function isDone(service: Service): boolean {
  const givenUp = isHeld(service) && service.deletion?.leftBehind !== undefined;
  const stuck = service.jobs.some((job) => job.status === 'stuck');
  return service.lifecycle === 'terminated' && !stuck && !givenUp;
}

/** How long the container is kept after the deletion. A container that never became a site is not kept. */
function holdFor({ config }: OperationContext, service: Service): number {
  return service.activeAt === null ? 0 : config.deletion.hold_s;
}

function held(job: Job): Job {
  return {
    ...job,
    status: 'waiting',
    waiting: { for: FOR_RELEASE, since: job.createdAt, until: FAR_AWAY },
  };
}

function alarm({ log, config }: OperationContext, { service, job }: Started): void {
  log.error(
    {
      alarm: 'deletion_brake',
      service_id: service.id,
      panel: service.panel,
      job_id: job.id,
      brake: config.deletion.brake,
    },
    'a panel requested more deletions within an hour than the limit allows: this deletion is held until an operator releases it',
  );
}
