/** A time limit on one piece of work; see any-signal.ts for why it is not put together from node's own. */
import { onAbort } from './on-abort.js';

/**
 * Runs `work` with a signal that aborts when `signal` does or after `ms`, whichever comes first. `late`: the reason
 * when time is up.
 */
export async function withLimit<T>(
  signal: AbortSignal,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => Error = () => new Error(`no end within ${ms / 1000} s`),
): Promise<T> {
  const limit = new AbortController();
  const forget = onAbort(signal, () => limit.abort(signal.reason));
  const timer = setTimeout(() => limit.abort(late()), ms);
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
    forget();
  }
}
