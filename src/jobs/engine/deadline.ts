/** A time limit for work. The time that the work spends waiting for a lease is not counted. */
import { pause } from '../../kernel/async/pause.js';
import type { Clock } from '../../kernel/clock.js';

export interface Deadline {
  /** Aborted when the time is used up. */
  readonly signal: AbortSignal;
  /**
   * Stops the time (true) or lets it continue (false). If several waits overlap, the time continues when the last of
   * them ends.
   */
  readonly wait: (waiting: boolean) => void;
  cancel(): void;
}

export function deadline(clock: Clock, ms: number, reason: () => Error): Deadline {
  const over = new AbortController();
  let left = ms;
  let waits = 0;
  let since = 0;
  let counting = new AbortController();
  let isCancelled = false;

  const count = (): void => {
    // when the wait for a lease ends, this function is called even if the limit was cancelled in the meantime
    if (isCancelled) return;
    since = clock.monotonic();
    counting = new AbortController();
    void pause(clock, left, counting.signal).then((isOver) => {
      if (isOver) over.abort(reason());
    });
  };
  const hold = (): void => {
    left = Math.max(0, left - (clock.monotonic() - since));
    counting.abort(new Error('paused'));
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
      counting.abort(new Error('cancelled'));
    },
  };
}
