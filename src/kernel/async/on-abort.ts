/**
 * Listens for the abort of a signal. The callback also runs for an abort in the past, and can be removed when the
 * work is done.
 */
import { setMaxListeners } from 'node:events';

/**
 * Calls `act` once when the signal aborts, or at once if it has already aborted. The result removes the listener and
 * must be called: the signal may live for days.
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) {
    act();
    return () => {};
  }
  // many listeners wait for the end of a job or of the daemon; each is removed again
  setMaxListeners(0, signal);
  signal.addEventListener('abort', act, { once: true });
  return () => signal.removeEventListener('abort', act);
}
