/** Lowers the priority of job threads below the main thread, which answers callers and writes the journal. */
import { getPriority, setPriority } from 'node:os';

const STEPS = 5;
const LOWEST = 19;

/**
 * Lowers the priority of the calling thread only, because Linux has a priority per thread. The new value is relative to
 * the daemon's priority (`Nice=` of its unit, `nice`). An absolute value could be a higher priority than the daemon's,
 * which Linux refuses without CAP_SYS_NICE.
 */
export function giveWay(): void {
  setPriority(0, Math.min(LOWEST, getPriority(0) + STEPS));
}
