/**
 * A clock on which sleeping takes no time: the sleeper moves it. Background sleepers (pollers) stay asleep until
 * aborted.
 */
import type { Clock } from '../../src/kernel/clock.js';

export interface LeapClock extends Clock {
  /** Called at every sleep: what happens meanwhile in the world. */
  meanwhile: (() => void) | undefined;
  /** Sets the wall clock forward or back; no time passes. */
  jump(ms: number): void;
  isTrusted: boolean;
}

export function leapClock(start = Date.parse('2026-01-01T00:00:00Z')): LeapClock {
  let passed = 0;
  let offset = start;
  const clock: LeapClock = {
    meanwhile: undefined,
    isTrusted: true,
    now: () => offset + passed,
    monotonic: () => passed,
    trusted: () => clock.isTrusted,
    jump: (ms) => void (offset += ms),
    async sleep(ms, signal, background = false) {
      signal?.throwIfAborted();
      if (background) {
        await new Promise((_, reject) => {
          signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
        });
      }
      passed += ms;
      clock.meanwhile?.();
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    },
  };
  return clock;
}
