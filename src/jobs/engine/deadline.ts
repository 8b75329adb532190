/** A time limit that stands still while the work waits for a lease. */
import type { Clock } from '../../kernel/clock.js';

export interface Deadline {
  /** Aborted when the time is used up. */
  readonly signal: AbortSignal;
  /** Stops (true) or goes on (false); nested waits count. */
  readonly wait: (waiting: boolean) => void;
  cancel(): void;
}

export function deadline(clock: Clock, ms: number, reason: () => Error): Deadline {
  const over = new AbortController();
  let left = ms;
  let waits = 0;
  let since = 0;
  let pause = new AbortController();
  let isCancelled = false;

  const count = (): void => {
    // whoever waited for a lease when it was cancelled comes back from there afterwards
    if (isCancelled) return;
    since = clock.monotonic();
    pause = new AbortController();
    clock.sleep(left, pause.signal).then(
      () => over.abort(reason()),
      () => {},
    );
  };
  const hold = (): void => {
    left = Math.max(0, left - (clock.monotonic() - since));
    pause.abort(new Error('paused'));
  };
  count();
  return {
    signal: over.signal,
    wait(waiting) {
      if (waiting && waits++ === 0) hold();
      if (!waiting && --waits === 0) count();
    },
    cancel() {
      isCancelled = true;
      pause.abort(new Error('cancelled'));
    },
  };
}
