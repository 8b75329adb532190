/** Lowers the priority of job threads below the main thread, which answers callers and writes the journal. */
import { getPriority, setPriority } from 'node:os';

const STEPS = 5;
const LOWEST = 19;

/**
 * Applies to the calling thread: Linux has a priority per thread. It is relative to the daemon's priority (`Nice=` of
 * its unit, `nice`): an absolute value would raise the priority of a daemon that runs lower, which is refused without
 * CAP_SYS_NICE.
 */
export function giveWay(): void {
  setPriority(0, Math.min(LOWEST, getPriority(0) + STEPS));
}
