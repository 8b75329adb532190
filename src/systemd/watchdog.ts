/**
 * Notifies systemd's watchdog regularly while the daemon works. That the timer fires proves that the event loop runs.
 * The notification is also left out if the job runner does not start jobs that are due.
 */
import { pause } from '../kernel/async/pause.js';
import type { Clock } from '../kernel/clock.js';
import type { ServiceManager } from './notify.js';

export interface Watched {
  /** A job that is due and has a free slot, but has not started. */
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
 * Returns a function that stops the watchdog. A healthy runner starts due jobs within milliseconds, so a job that is
 * overdue in two consecutive checks means that the runner hangs.
 */
export function startWatchdog({ intervalMs, manager, watched, clock, warn }: WatchdogOptions): () => void {
  const ending = new AbortController();
  let before: string | undefined;
  const look = async (): Promise<void> => {
    const overdue = watched.overdue();
    const hangs = overdue !== undefined && overdue === before;
    before = overdue;
    if (hangs) {
      warn({ job_id: overdue }, 'the job runner hangs; the watchdog is not notified');
      return;
    }
    await manager.tell('WATCHDOG=1', `STATUS=${watched.status()}`);
  };
  const run = async (): Promise<void> => {
    do await look().catch((error: unknown) => warn({ err: error }, 'the watchdog could not be notified'));
    while (await pause(clock, intervalMs / 2, ending.signal));
  };
  void run();
  return () => ending.abort();
}
