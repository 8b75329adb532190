/**
 * Orders that failed and were undone. The customer has paid, but no job is stuck, so no operator would notice without
 * an alert.
 */
import { isOpen, type Job } from './job.js';
import { endsTheSite, isOrderedKind, type OrderedKind } from './job-kinds.js';
import { isHeld, type Service } from './service.js';

export type OrderedJob = Job & { readonly method: OrderedKind };

type Sold = Pick<Service, 'lifecycle' | 'deletion' | 'guest'>;
const isLive = ({ lifecycle }: Sold): boolean => lifecycle === 'active' || lifecycle === 'suspended';

/** For each kind of order, whether the service is still as the failed order left it. */
const STILL_FAILED: Readonly<Record<OrderedKind, (service: Sold) => boolean>> = {
  create: ({ lifecycle }) => lifecycle === 'failed',
  restore: isHeld,
  upgrade: isLive,
  unsuspend: isLive,
};

/**
 * The failed orders that need an operator, oldest first. Orders that were placed again, deleted or abandoned are left
 * out.
 */
export function failedOrders(service: Sold & Pick<Service, 'jobs'>): OrderedJob[] {
  const { jobs } = service;
  const open = jobs.filter(isOpen);
  if (jobs.some((job) => endsTheSite(job) && (isOpen(job) || job.status === 'stuck'))) return [];
  return jobs
    .filter(isOrder)
    .filter(({ method }) => !open.some((other) => other.method === method) && STILL_FAILED[method](service));
}

/** True for the job of a failed order. Such a job stays in the record even after another job has ended. */
export function isOrder(job: Job): job is OrderedJob {
  return job.status === 'failed' && job.abandonedAt === undefined && isOrderedKind(job.method);
}
