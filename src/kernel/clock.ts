/** The one source of time; tests pass a clock that they turn by hand. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /**
   * Milliseconds since the epoch, for what is recorded, shown or compared with a record. Never for a wait inside the
   * process.
   */
  now(): number;
  /**
   * Milliseconds since some start: nobody sets it, so deadlines, pauses and ages inside the process are measured with
   * it. On Linux it stands still while the machine is suspended: a deadline then has the time left that it had
   * before.
   */
  monotonic(): number;
  /** False after a jump of the wall clock that nobody has confirmed: a date must not decide what cannot be undone. */
  trusted(): boolean;
  /**
   * Resolves after `ms`; rejects with the signal's reason when it is aborted first. A sleep in the background does
   * not keep an otherwise idle process alive.
   */
  sleep(ms: number, signal?: AbortSignal, background?: boolean): Promise<void>;
}

/** The host's clock as it is, without a guard: for tools that erase nothing. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  trusted: () => true,
  async sleep(ms, signal, background = false) {
    try {
      await delay(ms, undefined, { ref: !background, ...(signal ? { signal } : {}) });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};

/** RFC 3339 UTC with milliseconds. */
export function instant(clock: Pick<Clock, 'now'>): string {
  return new Date(clock.now()).toISOString();
}

/**
 * When a recorded wait (epoch ms) ends: one that is longer than any we begin was written by a clock that was ahead,
 * and is over.
 */
export function waitUntil(at: number, now: number, longestMs: number): number {
  return at > now + longestMs ? now : at;
}
