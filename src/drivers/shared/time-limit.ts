/** A time limit on one piece of work; see kernel/any-signal.ts for why it is not put together from node's own. */

/** Runs `work` with a signal that aborts when `signal` does or after `ms`, whichever comes first. */
export async function withLimit<T>(
  signal: AbortSignal,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const pass = (): void => limit.abort(signal.reason);
  if (signal.aborted) pass();
  signal.addEventListener('abort', pass, { once: true });
  const timer = setTimeout(() => limit.abort(new Error(`no end within ${ms / 1000} s`)), ms);
  try {
    return await work(limit.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', pass);
  }
}
