/** Decides which of a service's snapshots are backups of its customer, and what counts towards the quota. */
import { isOpen, type Job } from './job.js';
import { textIn } from '../kernel/json.js';
import type { Plan } from './plan.js';
import type { Snapshot } from './guest.js';
import type { Service } from './service.js';

type Kept = Pick<Service, 'guest' | 'jobs'>;

/** The customer's backups that exist and are not about to be deleted. */
export function backupsOf(service: Kept): Snapshot[] {
  const snapshots = service.guest?.snapshots ?? [];
  return snapshots.filter(({ kind, name }) => kind === 'backup' && !isBeingRemoved(service, name));
}

/** Number of backups, including those that open jobs will make. */
export function backupsUsed(service: Kept): number {
  const made = new Set(service.guest?.snapshots.map(({ name }) => name));
  const coming = service.jobs.filter(
    (job) => job.method === 'makeBackup' && isOpen(job) && !made.has(textIn(job.args, 'name') ?? ''),
  );
  return backupsOf(service).length + coming.length;
}

export function isBeingRemoved({ jobs }: Pick<Kept, 'jobs'>, name: string): boolean {
  return jobs.some(
    (job) => job.method === 'removeBackup' && isOpen(job) && job.args['name'] === name && !job.cancel,
  );
}

/**
 * The backup quota: the smallest of the present plan's quota and the quotas of open upgrades. If open upgrades were
 * ignored, the service could have too many backups by the time a smaller plan is applied.
 */
export function allowed(
  { plan, jobs }: Pick<Service, 'plan' | 'jobs'>,
  what: keyof Pick<Plan, 'backups' | 'domains'>,
): number {
  const coming = jobs.filter((job: Job) => job.method === 'upgrade' && isOpen(job) && !job.cancel);
  return Math.min(plan[what], ...coming.map(({ pinned }) => pinned.plan[what]));
}
