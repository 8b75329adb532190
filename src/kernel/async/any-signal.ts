/**
 * Combines several abort signals into one for the duration of one task. `AbortSignal.any` of Node 20 has two defects. A
 * signal that lives as long as the daemon never releases the signals combined with it: each wait leaks 1 to 3 KB, and
 * everything that its listeners refer to stays in memory. The combined signal may also be garbage-collected while code
 * waits for it.
 */
import { setMaxListeners } from 'node:events';

export interface AnySignal {
  /** Aborts as soon as one source aborts, with that source's reason. */
  readonly signal: AbortSignal;
  /** Detaches this signal from its sources. Must be called when the work has ended. */
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
    // many jobs listen to the daemon's stop signal; each removes its listener, so Node must not warn about a leak
    setMaxListeners(0, source);
    followed.set(source, pass);
    source.addEventListener('abort', pass, { once: true });
  }
  return { signal: first.signal, release };
}
