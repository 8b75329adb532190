/**
 * Counts deletions, so that a panel gone mad does not empty the house in a minute: beyond so many in an hour they are
 * held for a person.
 */
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import { FOR_RELEASE, madeAt } from '../model/job.js';
import type { State } from '../state/contract.js';

const HOUR_MS = 3_600_000;

export interface DeletionRateLimit {
  /** True, and counted, when this deletion may go on at once. */
  passes(): boolean;
}

interface Counted {
  readonly config: Pick<Config, 'deletion'>;
  readonly state: State;
  readonly clock: Clock;
}

/** One for a state: two sockets lead to it. */
export function newDeletionRateLimit({ config, state, clock }: Counted): DeletionRateLimit {
  /** When deletions were let through lately, by the monotonic clock: one that jumps must not let others through. */
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

/** After a start: those that have come to their end, and those let through that have not. */
function recorded({ state, clock }: Omit<Counted, 'config'>): number[] {
  const epochs = [...state.services.entries()].flatMap(({ deletedAt, openJobs }) => [
    ...(deletedAt === null ? [] : [Date.parse(deletedAt)]),
    ...openJobs
      .filter(({ method, waitsFor }) => method === 'delete' && waitsFor !== FOR_RELEASE)
      .map(({ id }) => madeAt(id)),
  ]);
  // one that lies ahead was made by a clock that was: as if it were now
  return epochs.map((at) => clock.monotonic() - Math.max(0, clock.now() - at));
}
