/** A sleep within a signal that is no error when it ends early. */
import type { Clock } from '../clock.js';

/**
 * True after `ms`, false as soon as the signal aborts. In the background it does not keep an otherwise idle process
 * alive.
 */
export async function pause(
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  signal: AbortSignal,
  background = false,
): Promise<boolean> {
  try {
    await clock.sleep(ms, signal, background);
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
