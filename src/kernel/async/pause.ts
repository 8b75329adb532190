/** A sleep that a signal can end early without an error. */
import type { Clock } from '../clock.js';

/**
 * Resolves to true after `ms`, or to false as soon as the signal aborts. A background sleep does not keep an
 * otherwise idle process alive.
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
