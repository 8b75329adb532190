/** A signal that never aborts, for work that has its own time limit or must finish even if its caller has gone. */

/** Each call returns a new signal, because a shared one would keep every listener that was not removed. */
export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
