/**
 * Decides whether the main thread has time for another job, based on the event loop's idle time (as measured by Node)
 * and on recent orders.
 */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../../kernel/clock.js';

/** Minimum duration of a measurement. The load of a job that has just begun becomes visible only after this time. */
const LOOK_MS = 100;
/**
 * Utilisation of the event loop (0..1) above which no further job begins, so that the main thread serves requests and
 * running jobs first.
 */
const BUSY = 0.4;
/** Time after an order in which further orders are likely. */
const QUIET_MS = 100;

/**
 * The returned function returns true at most once per 100 ms, and only if the event loop was mostly idle since the
 * check before the last one.
 */
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
 * The returned function returns false until 100 ms have passed without an order, so that further orders are answered
 * before more jobs begin.
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
