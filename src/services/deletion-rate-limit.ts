/**
 * Limits deletions per hour, so that a faulty panel cannot delete all sites at once. Further deletions are held until
 * an operator releases them.
 */
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import { FOR_RELEASE, madeAt } from '../model/job.js';
import type { State } from '../state/contract.js';

const HOUR_MS = 3_600_000;

export interface DeletionRateLimit {
  /** Returns true, and counts the deletion, if it may start at once. */
  passes(): boolean;
}

interface Counted {
  readonly config: Pick<Config, 'deletion'>;
  readonly state: State;
  readonly clock: Clock;
}

/**
 * Creates the rate limit for deletions. It must be created only once per state folder, so that the network listener and
 * the unix socket share one limit.
 */
export function newDeletionRateLimit({ config, state, clock }: Counted): DeletionRateLimit {
  /**
   * The times at which recent deletions were allowed. They are times of the monotonic clock, so that a jump of the wall
   * clock does not allow more deletions.
   */
  let letThrough: readonly number[] | undefined;
  return {
    passes() {
      const since = clock.monotonic() - HOUR_MS;
      letThrough = (letThrough ?? recorded({ state, clock })).filter((at) => at > since);
      if (letThrough.length >= config.deletion.brake) return false;
      letThrough = [...letThrough, clock.monotonic()];
      return true;
    },
  };
}

/**
 * The recent deletions in the records, used after a start: deletions that have ended, and allowed deletions that are
 * still open.
 */
function recorded({ state, clock }: Omit<Counted, 'config'>): number[] {
  const epochs = [...state.services.entries()].flatMap(({ deletedAt, openJobs }) => [
    ...(deletedAt === null ? [] : [Date.parse(deletedAt)]),
    ...openJobs
      .filter(({ method, waitsFor }) => method === 'delete' && waitsFor !== FOR_RELEASE)
      .map(({ id }) => madeAt(id)),
  ]);
  // a time in the future was recorded while the clock was ahead, so it is treated as now
  return epochs.map((at) => clock.monotonic() - Math.max(0, clock.now() - at));
}
