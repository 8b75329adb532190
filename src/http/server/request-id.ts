/** Assigns an ID to every request, so that a panel's report can be found in the log. */
import type { IncomingMessage } from 'node:http';
import { randomBytes } from 'node:crypto';

/**
 * Uses the ID that the caller sent if that ID is safe in a log line. Otherwise the new ID consists of a counter and a
 * random part that differs after each start of the daemon.
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
