/** The one listener for the end of a signal: called also when that was before, and removed when the work is over. */
import { setMaxListeners } from 'node:events';

/**
 * Calls `act` once when the signal aborts, at once when it has. The result removes the listener, and must be called:
 * the signal may live for days.
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) {
    act();
    return () => {};
  }
  // many wait for the end of a job, and of the daemon; each removes its own
  setMaxListeners(0, signal);
  signal.addEventListener('abort', act, { once: true });
  return () => signal.removeEventListener('abort', act);
}
