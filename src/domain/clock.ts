/** The one source of time; tests pass a clock that they turn by hand. */
import { setTimeout as delay } from 'node:timers/promises';

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * Resolves after `ms`; rejects with the signal's reason when it is aborted first. A sleep in the background does not keep an otherwise idle
   * process alive.
   */
  sleep(ms: number, signal?: AbortSignal, background?: boolean): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal, background = false) {
    try {
      await delay(ms, undefined, { ref: !background, ...(signal ? { signal } : {}) });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
};

/** RFC 3339 UTC with milliseconds. */
export function instant(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}
