/**
 * Whether a repeated suspension, or its repeated end, needs no job. Jobs stay in the archive for good, and calls of the
 * life cycle have no rate limit: if every repetition got a job, the archive would grow without a bound.
 */
import { isOpen } from '../model/job.js';
import { keyOf, type Service } from '../model/service.js';
import { LIST_LAG_MS } from '../model/status.js';
import type { OperationContext } from './context.js';

/**
 * After this time a repeated suspension gets a job that stops the site and sets its page again, whatever was seen. It
 * limits such jobs to 24 a day and service.
 */
const CHECKED_FOR_MS = 3_600_000;

type Context = Pick<OperationContext, 'clock' | 'watch' | 'drift'>;

/** The service is active or suspended, and no job may change that. */
export function isUndisturbed({ lifecycle, suspendedFor, jobs }: Service): boolean {
  const recorded = suspendedFor.length > 0 ? 'suspended' : 'active';
  return lifecycle === recorded && !jobs.some((job) => isOpen(job) || job.status === 'stuck');
}

/** A suspension was the last job, it has completed, and nothing that was seen since then contradicts it. */
export function isKnownStopped({ clock, watch, drift }: Context, service: Service): boolean {
  const last = service.jobs.at(-1);
  if (!isUndisturbed(service) || last?.method !== 'suspend' || last.status !== 'completed') return false;
  const endedAt = Date.parse(last.endedAt ?? '');
  const age = clock.now() - endedAt;
  // negative if the clock was ahead: then it is unknown what was seen since
  if (!(age >= 0 && age < CHECKED_FOR_MS)) return false;
  if (drift.of(keyOf(service)).some(({ since }) => since > endedAt)) return false;
  return !isSeenRunning(watch, service, endedAt);
}

/** The job has read the power state back itself, so only a later view of the cluster can contradict it. */
function isSeenRunning(watch: OperationContext['watch'], { guest }: Service, endedAt: number): boolean {
  const view = watch.latest();
  if (!guest || !view || view.at < endedAt + LIST_LAG_MS) return false;
  const seen = guest.vmid === null ? undefined : watch.guest(guest.vmid);
  return seen?.status !== 'stopped';
}
