/** A signal for work that nothing ends early: it has a limit of its own, or must be done whoever goes away. */

/** A fresh one each time: a signal that all share keeps every listener that somebody forgets to remove. */
export function neverAborted(): AbortSignal {
  return new AbortController().signal;
}
