/** Waits for a turn in a queue no longer than a signal lasts, but never leaves work that has begun: p-queue's own `signal` does. */
import type PQueue from 'p-queue';
import type { AgentError } from '../../kernel/errors.js';

/** @param stopped made when the signal aborts before the work begins; once it has begun, `work` heeds the signal itself */
export async function inTurn<T>(
  queue: PQueue,
  signal: AbortSignal,
  stopped: () => AgentError,
  work: () => Promise<T>,
): Promise<T> {
  let begun = false;
  let onAbort = (): void => {};
  const withdrawn = new Promise<never>((_, reject) => {
    onAbort = () => {
      if (!begun) reject(stopped());
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
  const done = queue.add(async () => {
    if (signal.aborted) throw stopped();
    begun = true;
    return work();
  });
  try {
    return await Promise.race([done, withdrawn]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
