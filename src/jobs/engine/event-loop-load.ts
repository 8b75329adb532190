/**
 * Whether the main thread has time to spare for one more job: from Node's own count of the time its event loop was
 * idle, and after orders.
 */
import { performance } from 'node:perf_hooks';
import type { Clock } from '../../kernel/clock.js';

/** What a job costs shows no sooner than this. */
const LOOK_MS = 100;
/** Above this share of its time the main thread has requests and running jobs to serve first. */
const BUSY = 0.4;
/** So long after an order more are likely to come. */
const QUIET_MS = 100;

/** Answers yes at most once in 100 ms, and only when most of the time since the last look but one was idle. */
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
 * No time to spare until 100 ms have passed without an order: what comes next is answered before further jobs begin.
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
