/** Whether the main thread has time to spare for one more job, from Node's own count of the time its event loop was idle. */
import { performance } from 'node:perf_hooks';

/** What a job costs shows no sooner than this. */
const LOOK_MS = 100;
/** Above this share of its time the main thread has requests and running jobs to serve first. */
const BUSY = 0.4;

/** Answers yes at most once in 100 ms, and only when most of the time since the last look but one was idle. */
export function spareTime(): () => boolean {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const span = performance.eventLoopUtilization(now, before);
    if (span.active + span.idle < LOOK_MS) return false;
    before = now;
    return span.utilization <= BUSY;
  };
}
