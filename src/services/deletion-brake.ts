/** Counts deletions, so that a panel gone mad does not empty the house in a minute: beyond so many in an hour they are held for a person. */
import type { Clock } from '../kernel/clock.js';
import { FOR_RELEASE, madeAt } from '../model/job.js';
import type { State } from '../state/contract.js';
import type { OperationContext } from './context.js';

const HOUR_MS = 3_600_000;
/** When deletions were let through lately, by the monotonic clock: one that jumps must not let others through. One list per state: two doors lead to it. */
const letThrough = new WeakMap<State, number[]>();

/** True, and counted, when this deletion may go on at once. */
export function passesBrake({
  config,
  state,
  clock,
}: Pick<OperationContext, 'config' | 'state' | 'clock'>): boolean {
  const recent = recentOf(state, clock);
  if (recent.length >= config.deletion.brake) return false;
  recent.push(clock.monotonic());
  return true;
}

function recentOf(state: State, clock: Clock): number[] {
  const since = clock.monotonic() - HOUR_MS;
  const known = letThrough.get(state) ?? recorded(state, clock);
  const recent = known.filter((at) => at > since);
  letThrough.set(state, recent);
  return recent;
}

/** After a start: those that have come to their end, and those let through that have not. */
function recorded(state: State, clock: Clock): number[] {
  const epochs = [...state.services.entries()].flatMap(({ deletedAt, openJobs }) => [
    ...(deletedAt === null ? [] : [Date.parse(deletedAt)]),
    ...openJobs
      .filter(({ method, waitsFor }) => method === 'delete' && waitsFor !== FOR_RELEASE)
      .map(({ id }) => madeAt(id)),
  ]);
  // one that lies ahead was made by a clock that was: as if it were now
  return epochs.map((at) => clock.monotonic() - Math.max(0, clock.now() - at));
}
