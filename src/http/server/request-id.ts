/** Names every request, so that a panel's report finds its lines in the log. */
import type { IncomingMessage } from 'node:http';
import { randomBytes } from 'node:crypto';

/**
 * A caller's own id is kept when it is harmless in a log line; else ours: a random part per start, which no other
 * start has, and a count.
 */
export function requestIds(): (request: IncomingMessage) => string {
  const start = randomBytes(9).toString('hex');
  let count = 0;
  return (request) => {
    const sent = request.headers['x-request-id'];
    if (typeof sent === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(sent)) return sent;
    count += 1;
    return `${start}-${count.toString(36)}`;
  };
}
