/**
 * Puts boundaries around every request that changes a remote system: one driver call may send several, and the daemon
 * may die at each.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Boundaries } from './boundaries.js';

interface Sent {
  readonly method?: unknown;
  readonly path?: unknown;
}

/** Only the daemon's own clients use undici; the environment's servers do not. */
export function aroundWire(points: Boundaries): void {
  const at =
    (when: 'before' | 'after') =>
    (message: unknown): void => {
      const { method, path } = (message as { request: Sent }).request;
      if (typeof method !== 'string' || typeof path !== 'string' || method === 'GET') return;
      points.pass(`wire ${method} ${shapeOf(path)} ${when}`);
    };
  subscribe('undici:client:sendHeaders', at('before'));
  // the complete response has arrived, but has not been read yet
  subscribe('undici:request:trailers', at('after'));
}

/** The path without numbers, nodes and names, which differ between tries. */
function shapeOf(path: string): string {
  const [bare = ''] = path.split('?');
  return bare
    .replace(/^\/api2\/json/, '')
    .replace(/\/nodes\/[^/]+/, '/nodes/*')
    .replace(/\/(?:ct|vm):?\d+/g, '/*')
    .replace(/\/(zones|resources|rules|snapshot)\/[^/]+/g, '/$1/*')
    .replace(/\/\d+/g, '/*');
}
