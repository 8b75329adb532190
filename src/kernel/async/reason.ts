/** The reason of an aborted signal as an Error: `abort` accepts any value. */

export function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}
