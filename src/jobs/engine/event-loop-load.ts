/**
 * Whether the main thread has time for another job, judged by Node's measurement of the event loop's idle time and by
 * recent orders.
 */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../../kernel/clock.js';

/** The load of a new job is not visible sooner than this. */
const LOOK_MS = 100;
/** Above this utilisation the main thread serves requests and running jobs first. */
const BUSY = 0.4;
/** For this long after an order, more are likely to come. */
const QUIET_MS = 100;

/** Returns true at most once per 100 ms, and only if most of the time since the check before the last was idle. */
export function eventLoopLoad(): () => boolean {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const span = performance.eventLoopUtilization(now, before);
    if (span.active + span.idle < LOOK_MS) return false;
    before = now;
    return span.utilization <= BUSY;
  };
}

/**
 * Returns false until 100 ms have passed without an order, so that further orders are answered before more jobs begin.
 */
export function ordersFirst(
  spare: () => boolean,
  clock: Clock,
): { readonly ordered: () => void; readonly spare: () => boolean } {
  let orderedAt = Number.NEGATIVE_INFINITY;
  return {
    ordered() {
      orderedAt = clock.monotonic();
    },
    spare: () => clock.monotonic() - orderedAt >= QUIET_MS && spare(),
  };
}
