/**
 * Reports driver calls that do not end after an abort. Each such call keeps its job running, and the job occupies a
 * slot.
 */
import { onAbort } from '../../kernel/async/on-abort.js';
import { pause } from '../../kernel/async/pause.js';
import type { Clock } from '../../kernel/clock.js';

/**
 * A call that runs for this long after the abort counts as hung. Drivers wait about 4 s for the end of their requests.
 */
const HANGS_MS = 60_000;

export interface Watch {
  readonly clock: Clock;
  /** The signal that ends the calls. */
  readonly signal: AbortSignal;
  /** Names of the calls that have not ended. */
  readonly calls: () => readonly string[];
  readonly tell: (calls: readonly string[]) => void;
}

/**
 * Reports the calls that are still running a minute after the signal, once. Returns a function that ends the watch.
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
