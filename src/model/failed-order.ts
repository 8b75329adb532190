/**
 * What somebody has paid for and did not get, although nothing is stuck: it was taken back, and nobody sees to it
 * unless an operator is notified.
 */
import { isOpen, type Job } from './job.js';
import { endsTheSite, isOrderedKind, type OrderedKind } from './job-kinds.js';
import { isHeld, type Service } from './service.js';

export type OrderedJob = Job & { readonly method: OrderedKind };

type Sold = Pick<Service, 'lifecycle' | 'deletion' | 'guest'>;
const isLive = ({ lifecycle }: Sold): boolean => lifecycle === 'active' || lifecycle === 'suspended';

/** How the service stands for as long as the order's failure is all that was heard of it. */
const STILL_FAILED: Readonly<Record<OrderedKind, (service: Sold) => boolean>> = {
  create: ({ lifecycle }) => lifecycle === 'failed',
  restore: isHeld,
  upgrade: isLive,
  unsuspend: isLive,
};

/**
 * The failed orders that wait for somebody, the oldest first: not made again, not deleted, and not given up by a
 * person.
 */
export function failedOrders(service: Sold & Pick<Service, 'jobs'>): OrderedJob[] {
  const { jobs } = service;
  const open = jobs.filter(isOpen);
  if (jobs.some((job) => endsTheSite(job) && (isOpen(job) || job.status === 'stuck'))) return [];
  return jobs
    .filter(isOrder)
    .filter(({ method }) => !open.some((other) => other.method === method) && STILL_FAILED[method](service));
}

/** True for a failed order that is still to be heard of after another job has ended. */
export function isOrder(job: Job): job is OrderedJob {
  return job.status === 'failed' && job.abandonedAt === undefined && isOrderedKind(job.method);
}
