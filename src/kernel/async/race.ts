/**
 * Stops waiting for work when a signal aborts or a time has passed. The work itself continues, and no listener or
 * timer is left behind.
 */
import type { Clock } from '../clock.js';
import { onAbort } from './on-abort.js';
import { pause } from './pause.js';
import { reasonOf } from './reason.js';

/**
 * Settles as `work` does, or rejects as soon as the signal aborts: with the error from `stopped`, by default the
 * signal's reason.
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
 * Settles as `work` does, or resolves to undefined after `ms` of the injected clock. A background wait does not keep an
 * otherwise idle process alive.
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
