/**
 * Puts boundaries around every request that changes something at a remote system: one driver call may send several,
 * and each may be the last.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Boundaries } from './boundaries.js';

interface Sent {
  readonly method?: unknown;
  readonly path?: unknown;
}

/** Only the daemon's own clients speak through undici; what the world answers it with does not. */
export function aroundWire(points: Boundaries): void {
  const at =
    (when: 'before' | 'after') =>
    (message: unknown): void => {
      const { method, path } = (message as { request: Sent }).request;
      if (typeof method !== 'string' || typeof path !== 'string' || method === 'GET') return;
      points.pass(`wire ${method} ${shapeOf(path)} ${when}`);
    };
  subscribe('undici:client:sendHeaders', at('before'));
  // the whole answer is there, and nobody has read it yet
  subscribe('undici:request:trailers', at('after'));
}

/** Without what differs from one try to the next: numbers, nodes and names. */
function shapeOf(path: string): string {
  const [bare = ''] = path.split('?');
  return bare
    .replace(/^\/api2\/json/, '')
    .replace(/\/nodes\/[^/]+/, '/nodes/*')
    .replace(/\/(?:ct|vm):?\d+/g, '/*')
    .replace(/\/(zones|resources|rules|snapshot)\/[^/]+/g, '/$1/*')
    .replace(/\/\d+/g, '/*');
}
