/** The only source of time; tests pass a clock that they advance themselves. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /**
   * Milliseconds since the epoch, for times that are recorded, shown or compared with a record. Never use it for a wait
   * inside the process.
   */
  now(): number;
  /**
   * Milliseconds since an arbitrary start. This clock cannot be set, so deadlines, pauses and ages inside the process
   * use it. On Linux it does not advance while the machine is suspended, so a suspension does not shorten a deadline.
   */
  monotonic(): number;
  /**
   * False after a jump of the wall clock, until the jump is undone or the new time is confirmed. While this is false,
   * irreversible decisions must not depend on a date.
   */
  trusted(): boolean;
  /**
   * Resolves after `ms`; rejects with the signal's reason when the signal aborts first. A background sleep does not
   * keep an otherwise idle process alive.
   */
  sleep(ms: number, signal?: AbortSignal, background?: boolean): Promise<void>;
}

/** The host's clock without the check for clock jumps. Only for tools that erase nothing. */
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

/** The current time in RFC 3339 format, in UTC and with milliseconds. */
export function instant(clock: Pick<Clock, 'now'>): string {
  return new Date(clock.now()).toISOString();
}

/**
 * Returns the time at which a recorded wait ends (epoch ms). If the remaining wait is longer than `longestMs`, the end
 * was recorded while the clock was ahead, and the wait ends now.
 */
export function waitUntil(at: number, now: number, longestMs: number): number {
  return at > now + longestMs ? now : at;
}
