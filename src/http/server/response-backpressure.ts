/** Bounds what is kept in memory for clients that ask for much and read slowly or never. */
import { AgentError } from '../../kernel/errors.js';
import type { App } from './app-type.js';

/** What a connection's own buffers take is not counted. */
const SMALL_BYTES = 16_384;
const MOST_BYTES = 67_108_864;

/**
 * Per token: once 64 MiB of answers wait to be read, further large ones are `rate_limited`. What changes something
 * has a small answer.
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
      new AgentError('rate_limited', 'Too many answers were not read yet; please try again in a moment.', {
        retryAfterS: 1,
      }),
    );
  });
}
