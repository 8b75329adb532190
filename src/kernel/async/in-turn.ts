/**
 * Queues work so that a signal can cancel it while it waits. Work that has begun is never abandoned. The `signal`
 * option of p-queue is not used, because it would abandon such work.
 */
import { onAbort } from './on-abort.js';

/** Adds work to a queue and settles with the work's result, for example `(work) => queue.add(work)`. */
export type Enter<T> = (work: () => Promise<T>) => Promise<T>;

/**
 * @param stopped creates the error that is thrown when the signal aborts before the work begins; after that, `work`
 * must handle the signal itself
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
