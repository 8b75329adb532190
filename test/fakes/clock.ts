/** A clock that stands still until a test turns it. */
import type { Clock } from '../../src/kernel/clock.js';

export interface HandClock extends Clock {
  /** Moves the time and wakes, in order, whoever slept until then; lets their promises run. */
  turn(ms: number): Promise<void>;
  /** Sets the wall clock forward or back; no time passes, and nobody wakes. */
  jump(ms: number): void;
  isTrusted: boolean;
  /** How many are asleep. */
  readonly sleepers: number;
}

export function handClock(start = Date.parse('2026-01-01T00:00:00Z')): HandClock {
  let now = 0;
  let offset = start;
  const asleep: { at: number; wake: () => void }[] = [];
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const clock: HandClock = {
    isTrusted: true,
    now: () => offset + now,
    monotonic: () => now,
    trusted: () => clock.isTrusted,
    jump: (ms) => void (offset += ms),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
          return;
        }
        const entry = { at: now + ms, wake: resolve };
        asleep.push(entry);
        signal?.addEventListener('abort', () => {
          const index = asleep.indexOf(entry);
          if (index < 0) return;
          asleep.splice(index, 1);
          reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
        });
      }),
    async turn(ms) {
      const until = now + ms;
      for (;;) {
        const next = asleep.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        asleep.splice(asleep.indexOf(next), 1);
        now = Math.max(now, next.at);
        next.wake();
        await settle();
      }
      now = until;
      await settle();
    },
    get sleepers() {
      return asleep.length;
    },
  };
  return clock;
}
