/**
 * Decides whether a repeated request to suspend or unsuspend a service needs a job. Jobs stay in the archive forever,
 * and such requests have no rate limit, so the archive would grow without a limit if every repetition got a job.
 */
import { isOpen } from '../model/job.js';
import { keyOf, type Service } from '../model/service.js';
import { LIST_LAG_MS } from '../model/status.js';
import type { OperationContext } from './context.js';

/**
 * Time in milliseconds after which a repeated suspension gets a job in any case. The job stops the site and sets its
 * page again. There are therefore at most 24 such jobs per day and service.
 */
const CHECKED_FOR_MS = 3_600_000;

type Context = Pick<OperationContext, 'clock' | 'watch' | 'drift'>;

/** Whether the service is active or suspended, and no open or stuck job could change that. */
export function isUndisturbed({ lifecycle, suspendedFor, jobs }: Service): boolean {
  const recorded = suspendedFor.length > 0 ? 'suspended' : 'active';
  return lifecycle === recorded && !jobs.some((job) => isOpen(job) || job.status === 'stuck');
}

/**
 * Whether the site is known to be stopped: the last job was a suspension that has completed, and neither the drift
 * detection nor the view of the cluster has shown anything else since then.
 */
export function isKnownStopped({ clock, watch, drift }: Context, service: Service): boolean {
  const last = service.jobs.at(-1);
  if (!isUndisturbed(service) || last?.method !== 'suspend' || last.status !== 'completed') return false;
  const endedAt = Date.parse(last.endedAt ?? '');
  const age = clock.now() - endedAt;
  // the age is negative if the job ended while the clock was ahead; then it is unknown what happened since the job
  // ended
  if (!(age >= 0 && age < CHECKED_FOR_MS)) return false;
  if (drift.of(keyOf(service)).some(({ since }) => since > endedAt)) return false;
  return !isSeenRunning(watch, service, endedAt);
}

/**
 * Whether a view of the cluster that is more recent than the end of the job shows a container that is not stopped. An
 * older view proves nothing, because the job itself has checked the power state.
 */
function isSeenRunning(watch: OperationContext['watch'], { guest }: Service, endedAt: number): boolean {
  const view = watch.latest();
  if (!guest || !view || view.at < endedAt + LIST_LAG_MS) return false;
  const seen = guest.vmid === null ? undefined : watch.guest(guest.vmid);
  return seen?.status !== 'stopped';
}
