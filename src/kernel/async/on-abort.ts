/**
 * Listens for the abort of a signal. The callback also runs if the signal has already aborted, and it can be removed
 * when the work is done.
 */
import { setMaxListeners } from 'node:events';

/**
 * Calls `act` once when the signal aborts, or at once if it has already aborted. The returned function removes the
 * listener. It must be called, because the signal may live for days.
 */
export function onAbort(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) {
    act();
    return () => {};
  }
  // many listeners wait for the end of a job or of the daemon; each is removed, so Node must not warn about a leak
  setMaxListeners(0, signal);
  signal.addEventListener('abort', act, { once: true });
  return () => signal.removeEventListener('abort', act);
}
