/** A driver's call that goes on although it was told to end keeps its job, and with it a slot: somebody must know. */
import { onAbort } from '../../kernel/async/on-abort.js';
import { pause } from '../../kernel/async/pause.js';
import type { Clock } from '../../kernel/clock.js';

/** Drivers wait some 4 s for the end of what they have sent. */
const HANGS_MS = 60_000;

export interface Watch {
  readonly clock: Clock;
  /** When it aborts the calls are to end. */
  readonly signal: AbortSignal;
  /** Names of those that have not. */
  readonly calls: () => readonly string[];
  readonly tell: (calls: readonly string[]) => void;
}

/** Tells once, a minute after the signal, of calls that still go on. Returns what ends the watch. */
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
