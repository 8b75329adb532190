/**
 * Waits for a turn in a queue until a signal aborts, but never abandons work that has begun, as p-queue's own
 * `signal` would.
 */
import { onAbort } from './on-abort.js';

/** Runs the work when its turn comes, and settles as the work does: `(work) => queue.add(work)`. */
export type Enter<T> = (work: () => Promise<T>) => Promise<T>;

/**
 * @param stopped creates the error when the signal aborts before the work begins; once begun, `work` handles the
 * signal itself
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
