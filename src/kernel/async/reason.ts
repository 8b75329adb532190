/** Why a signal was aborted, as something that can be thrown: anything may be given to `abort`. */

export function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error(String(reason));
}
