/**
 * The clocks of a host, each moved by hand: `pass` is time, `jump` sets the wall clock, `suspend` is a sleep of the
 * whole machine.
 */
import type { HostTime } from '../../src/clock/host-time.js';

export interface FakeHost extends HostTime {
  pass(ms: number): void;
  jump(ms: number): void;
  suspend(ms: number): void;
  /** The host was off for so long. */
  reboot(offMs: number): void;
  bootId: string;
  vouched: boolean | undefined;
  /** Ends when time passes. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Resolves when somebody sleeps. */
  asleep(): Promise<void>;
}

export function fakeHost(start = Date.parse('2026-03-01T12:00:00Z')): FakeHost {
  let wall = start;
  let monotonic = 5_000;
  let uptime = 90_000;
  const wake = new Set<() => void>();
  const host: FakeHost = {
    sleep: (_, signal) =>
      new Promise((resolve) => {
        const end = (): void => {
          wake.delete(end);
          resolve();
        };
        if (signal?.aborted !== true) wake.add(end);
        else resolve();
        signal?.addEventListener('abort', end, { once: true });
      }),
    async asleep() {
      while (wake.size === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    },
    bootId: 'first',
    vouched: undefined,
    wall: () => wall,
    monotonic: () => monotonic,
    uptime: () => uptime,
    synchronised: async () => host.vouched,
    pass(ms) {
      wall += ms;
      monotonic += ms;
      uptime += ms;
      for (const end of [...wake]) end();
    },
    jump: (ms) => void (wall += ms),
    suspend(ms) {
      wall += ms;
      uptime += ms;
    },
    reboot(offMs) {
      wall += offMs + 30_000;
      monotonic = 1_000;
      uptime = 30_000;
      host.bootId = `${host.bootId}+`;
    },
  };
  return host;
}
