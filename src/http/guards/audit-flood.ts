/**
 * Records the first refusals of each minute individually and only counts the others. If an attacker tries to guess
 * tokens, the audit log therefore shows this without filling the disk.
 */
import type { Clock } from '../../kernel/clock.js';
import type { AuditEntry } from '../../state/contract.js';

const WINDOW_MS = 60_000;
const ONE_BY_ONE = 10;
/** The maximum number of callers whose refusals are counted separately. */
const MOST_CALLERS = 50;
const ALL_OTHERS = '';

interface Window {
  readonly since: number;
  count: number;
  /** The most recent entry that was counted but not recorded individually. */
  last: AuditEntry | undefined;
}

export interface FloodGate {
  /** `caller`: the ID of a token, or an address. */
  take(caller: string, entry: AuditEntry): void;
  /** Records how many refusals were only counted so far. */
  close(): void;
}

export function floodGate(clock: Clock, write: (entry: AuditEntry) => void): FloodGate {
  const windows = new Map<string, Window>();

  const tell = ({ last, count }: Window): void => {
    if (last) write({ ...last, count: count - ONE_BY_ONE });
  };
  const endOld = (): void => {
    for (const [caller, window] of windows)
      if (clock.monotonic() - window.since >= WINDOW_MS) {
        windows.delete(caller);
        tell(window);
      }
  };
  const timer = setInterval(endOld, WINDOW_MS);
  timer.unref();

  return {
    take(caller, entry) {
      endOld();
      const key = windows.has(caller) || windows.size < MOST_CALLERS ? caller : ALL_OTHERS;
      const window: Window = windows.get(key) ?? { since: clock.monotonic(), count: 0, last: undefined };
      windows.set(key, window);
      window.count += 1;
      if (window.count <= ONE_BY_ONE) write(entry);
      else window.last = entry;
    },
    close() {
      clearInterval(timer);
      for (const window of windows.values()) tell(window);
      windows.clear();
    },
  };
}
