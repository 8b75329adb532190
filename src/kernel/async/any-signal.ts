/**
 * One signal for several, for as long as some work takes. Instead of `AbortSignal.any`: in Node 20 a signal that
 * lives as long as the daemon never forgets what it was put together with (1 to 3 KB and all that its listeners hold,
 * for every wait), and the result may be collected as garbage while somebody waits for it.
 */
import { setMaxListeners } from 'node:events';

export interface AnySignal {
  /** Aborts with the reason of the first source that does. */
  readonly signal: AbortSignal;
  /** To be called when the work has ended: the sources forget it. */
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
    // many jobs follow the one that ends the daemon; each lets go of it
    setMaxListeners(0, source);
    followed.set(source, pass);
    source.addEventListener('abort', pass, { once: true });
  }
  return { signal: first.signal, release };
}
