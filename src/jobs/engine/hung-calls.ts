/** Reports driver calls that do not end after an abort: each keeps its job, and so a slot. */
import { onAbort } from '../../kernel/async/on-abort.js';
import { pause } from '../../kernel/async/pause.js';
import type { Clock } from '../../kernel/clock.js';

/** Drivers wait about 4 s for the end of their requests. */
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
 * Reports once, a minute after the signal, the calls that are still running. Returns a function that ends the watch.
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
