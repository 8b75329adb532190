/**
 * Reports driver calls that do not end after they were aborted. The job of such a call cannot end either, and it
 * occupies a slot.
 */
import { onAbort } from '../../kernel/async/on-abort.js';
import { pause } from '../../kernel/async/pause.js';
import type { Clock } from '../../kernel/clock.js';

/**
 * A call that still runs this long after the abort is reported as hung. Drivers wait about 4 s for the end of their
 * requests.
 */
const HANGS_MS = 60_000;

export interface Watch {
  readonly clock: Clock;
  /** The signal with which the calls are aborted. */
  readonly signal: AbortSignal;
  /** Names of the calls that have not ended. */
  readonly calls: () => readonly string[];
  readonly tell: (calls: readonly string[]) => void;
}

/**
 * One minute after the signal aborts, reports the calls that are still running. Reports only once. Returns a function
 * that ends the watch.
 */
export function watchHungCalls({ clock, signal, calls, tell }: Watch): () => void {
  const over = new AbortController();
  const look = async (): Promise<void> => {
    if (!(await pause(clock, HANGS_MS, over.signal, true))) return;
    const left = calls();
    if (left.length > 0) tell(left);
  };
  const forget = onAbort(signal, () => void look());
  return () => {
    forget();
    over.abort();
  };
}
