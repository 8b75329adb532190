/** A signal for work that is never ended early: it has its own limit, or must finish even if its caller has gone. */

/** A new signal each time: a shared one would keep every listener that was not removed. */
export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
