/** A time limit for one task. any-signal.ts explains why Node's `AbortSignal.any` is not used. */
import { onAbort } from './on-abort.js';

/**
 * Runs `work` with a signal that aborts when `signal` does or after `ms`, whichever comes first. `late` creates the
 * abort reason for the timeout.
 */
export async function withLimit<T>(
  signal: AbortSignal,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => Error = () => new Error(`not finished within ${ms / 1000} s`),
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
