/**
 * Combines several signals into one, for as long as some work takes. It replaces `AbortSignal.any`: in Node 20 a
 * signal that lives as long as the daemon never releases the signals combined with it (1 to 3 KB and all that their
 * listeners hold, for every wait), and the result may be garbage-collected while code waits for it.
 */
import { setMaxListeners } from 'node:events';

export interface AnySignal {
  /** Aborts with the reason of the first source that does. */
  readonly signal: AbortSignal;
  /** Must be called when the work has ended: the sources then release this signal. */
  readonly release: () => void;
}

export function anySignal(...sources: readonly AbortSignal[]): AnySignal {
  const first = new AbortController();
  const followed = new Map<AbortSignal, () => void>();
  const release = (): void => {
    for (const [source, pass] of followed) source.removeEventListener('abort', pass);
    followed.clear();
  };
  for (const source of sources) {
    const pass = (): void => {
      release();
      first.abort(source.reason);
    };
    if (source.aborted) {
      pass();
      break;
    }
    // many jobs listen to the signal that stops the daemon; each removes its listener
    setMaxListeners(0, source);
    followed.set(source, pass);
    source.addEventListener('abort', pass, { once: true });
  }
  return { signal: first.signal, release };
}
