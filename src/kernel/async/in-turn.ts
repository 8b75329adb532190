/**
 * Waits for a turn in a queue no longer than a signal lasts, but never leaves work that has begun: p-queue's own
 * `signal` does.
 */
import { onAbort } from './on-abort.js';

/** Runs the work when its turn comes, and settles as it does: `(work) => queue.add(work)`. */
export type Enter<T> = (work: () => Promise<T>) => Promise<T>;

/**
 * @param stopped made when the signal aborts before the work begins; once it has begun, `work` heeds the signal
 * itself
 */
export async function inTurn<T>(
  enter: Enter<T>,
  signal: AbortSignal,
  stopped: () => Error,
  work: () => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw stopped();
  let begun = false;
  let forget = (): void => {};
  const withdrawn = new Promise<never>((_, reject) => {
    forget = onAbort(signal, () => {
      if (!begun) reject(stopped());
    });
  });
  const done = enter(async () => {
    if (signal.aborted) throw stopped();
    begun = true;
    return work();
  });
  try {
    return await Promise.race([done, withdrawn]);
  } finally {
    forget();
  }
}
