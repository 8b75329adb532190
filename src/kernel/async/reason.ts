/**
 * Returns the reason of an aborted signal as an Error. A conversion is needed because `abort` accepts any value as the
 * reason.
 */

export function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}
