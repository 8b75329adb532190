/**
 * Feeds systemd's watchdog while the daemon is alive: the timer proves the event loop, and the job runner must begin
 * what is due.
 */
import { pause } from '../kernel/async/pause.js';
import type { Clock } from '../kernel/clock.js';
import type { ServiceManager } from './notify.js';

export interface Watched {
  /** A job that is due and has room, but has not begun. */
  overdue(): string | undefined;
  /** One sentence for `systemctl status`. */
  status(): string;
}

export interface WatchdogOptions {
  readonly intervalMs: number;
  readonly manager: ServiceManager;
  readonly watched: Watched;
  readonly clock: Clock;
  readonly warn: (fields: object, text: string) => void;
}

/**
 * Returns what ends it. A healthy runner begins what is due within milliseconds: a job seen overdue at two looks in a
 * row means that it hangs.
 */
export function startWatchdog({ intervalMs, manager, watched, clock, warn }: WatchdogOptions): () => void {
  const ending = new AbortController();
  let before: string | undefined;
  const look = async (): Promise<void> => {
    const overdue = watched.overdue();
    const hangs = overdue !== undefined && overdue === before;
    before = overdue;
    if (hangs) {
      warn({ job_id: overdue }, 'the job runner hangs; the watchdog is not fed');
      return;
    }
    await manager.tell('WATCHDOG=1', `STATUS=${watched.status()}`);
  };
  const run = async (): Promise<void> => {
    do await look().catch((error: unknown) => warn({ err: error }, 'the watchdog could not be fed'));
    while (await pause(clock, intervalMs / 2, ending.signal));
  };
  void run();
  return () => ending.abort();
}
