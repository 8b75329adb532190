/**
 * Waits for work no longer than something else lasts; the work goes on, and nothing is left with what it was raced
 * against.
 */
import type { Clock } from '../clock.js';
import { onAbort } from './on-abort.js';
import { pause } from './pause.js';
import { reasonOf } from './reason.js';

/**
 * As `work` settles, or a rejection as soon as the signal aborts: with what `stopped` makes, by default the signal's
 * reason.
 */
export async function orAbort<T>(
  work: Promise<T>,
  signal: AbortSignal,
  stopped: (signal: AbortSignal) => Error = reasonOf,
): Promise<T> {
  let forget = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    forget = onAbort(signal, () => reject(stopped(signal)));
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    forget();
  }
}

/**
 * As `work` settles, or undefined after `ms` by the clock. In the background the wait does not keep an otherwise idle
 * process alive.
 */
export async function orSleep<T>(
  work: Promise<T>,
  clock: Pick<Clock, 'sleep'>,
  ms: number,
  background = false,
): Promise<T | undefined> {
  const over = new AbortController();
  const slept = pause(clock, ms, over.signal, background).then(() => undefined);
  try {
    return await Promise.race([work, slept]);
  } finally {
    over.abort();
  }
}
