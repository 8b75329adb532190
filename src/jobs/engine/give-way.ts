/** Job threads give way to the main thread, which answers callers and writes the journal. */
import { getPriority, setPriority } from 'node:os';

const STEPS = 5;
const LOWEST = 19;

/**
 * Of the calling thread: Linux knows them apart. Counted from what the daemon has (`Nice=` of its unit, `nice`): an
 * absolute number would raise the priority of one that runs lower, and that is refused without CAP_SYS_NICE.
 */
export function giveWay(): void {
  setPriority(0, Math.min(LOWEST, getPriority(0) + STEPS));
}
