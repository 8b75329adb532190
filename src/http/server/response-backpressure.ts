/** Limits the memory for responses to clients that request much and read slowly or not at all. */
import { AgentError } from '../../kernel/errors.js';
import type { App } from './app-type.js';

/** The size from which a response is counted. Smaller responses fit into the buffers of the connection. */
const SMALL_BYTES = 16_384;
const MOST_BYTES = 67_108_864;

/**
 * The limit for each token. While a caller has not read 64 MiB of its responses, the agent refuses further requests
 * with large responses with the error `rate_limited`. Requests that change something have small responses and are not
 * affected.
 */
export function limitUnreadResponses(app: App, most = MOST_BYTES): void {
  const unread = new Map<string, number>();
  const count = (who: string, bytes: number): number => {
    const total = (unread.get(who) ?? 0) + bytes;
    if (total > 0) unread.set(who, total);
    else unread.delete(who);
    return total;
  };
  app.addHook('onSend', (request, reply, payload, done) => {
    const bytes = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.length : 0;
    if (bytes <= SMALL_BYTES) {
      done();
      return;
    }
    const who = request.tokenId ?? '';
    if (count(who, bytes) <= most) {
      reply.raw.once('close', () => count(who, -bytes));
      done();
      return;
    }
    count(who, -bytes);
    done(
      new AgentError(
        'rate_limited',
        'Too many responses have not been read yet; please try again in a moment.',
        {
          retryAfterS: 1,
        },
      ),
    );
  });
}
