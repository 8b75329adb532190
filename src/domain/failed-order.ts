/** What somebody has paid for and did not get, although nothing is stuck: it was taken back, and nobody sees to it unless a person is told. */
import { isOpen, type Job } from './job.js';
import { isHeld, type Service } from './service.js';

/** What a panel orders of its own accord, without reading how it ends. */
export const ORDERED: readonly string[] = ['create', 'restore', 'upgrade', 'unsuspend'];
const ENDS_THE_SITE = ['delete', 'purge', 'forget'];

/** The failed orders that wait for somebody, the oldest first: not made again, not deleted, and not given up by a person. */
export function failedOrders(service: Pick<Service, 'jobs' | 'lifecycle' | 'deletion' | 'vmid'>): Job[] {
  const { jobs, lifecycle } = service;
  const open = jobs.filter(isOpen);
  if (jobs.some((job) => ENDS_THE_SITE.includes(job.method) && (isOpen(job) || job.status === 'stuck')))
    return [];
  return jobs.filter(({ method, status, abandonedAt }) => {
    if (status !== 'failed' || abandonedAt !== undefined || !ORDERED.includes(method)) return false;
    if (open.some((other) => other.method === method)) return false;
    if (method === 'create') return lifecycle === 'failed';
    if (method === 'restore') return isHeld(service);
    return lifecycle === 'active' || lifecycle === 'suspended';
  });
}

/** True for a failed order that is still to be heard of after another job has ended. */
export function isOrder(job: Pick<Job, 'method' | 'status' | 'abandonedAt'>): boolean {
  return job.status === 'failed' && job.abandonedAt === undefined && ORDERED.includes(job.method);
}
