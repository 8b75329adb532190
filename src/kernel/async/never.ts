/**
 * A signal that never aborts, for work that has its own time limit or that must finish even if its caller has
 * disconnected.
 */

/** Each call returns a new signal, because a shared one would keep every listener that was not removed. */
export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
