/**
 * Limits deletions per hour, so that a faulty panel cannot delete all sites at once: further deletions are held for
 * an operator.
 */
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import { FOR_RELEASE, madeAt } from '../model/job.js';
import type { State } from '../state/contract.js';

const HOUR_MS = 3_600_000;

export interface DeletionRateLimit {
  /** True, and counted, when this deletion may start at once. */
  passes(): boolean;
}

interface Counted {
  readonly config: Pick<Config, 'deletion'>;
  readonly state: State;
  readonly clock: Clock;
}

/** One per state, shared by both sockets. */
export function newDeletionRateLimit({ config, state, clock }: Counted): DeletionRateLimit {
  /** When recent deletions were allowed, by the monotonic clock: a jump of the wall clock must not allow more. */
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

/** After a start: deletions that have ended, and allowed ones that are still open. */
function recorded({ state, clock }: Omit<Counted, 'config'>): number[] {
  const epochs = [...state.services.entries()].flatMap(({ deletedAt, openJobs }) => [
    ...(deletedAt === null ? [] : [Date.parse(deletedAt)]),
    ...openJobs
      .filter(({ method, waitsFor }) => method === 'delete' && waitsFor !== FOR_RELEASE)
      .map(({ id }) => madeAt(id)),
  ]);
  // a time in the future was recorded while the clock was ahead: it counts as now
  return epochs.map((at) => clock.monotonic() - Math.max(0, clock.now() - at));
}
