/**
 * Limits the number of requests that wait for an earlier request on the same connection. If the connection breaks,
 * notifies all of these requests, because Node notifies only the first.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AgentError } from '../../kernel/errors.js';
import type { App } from './app-type.js';

/**
 * The maximum number of waiting requests. Regular clients wait for each response. A client that keeps sending
 * requests without reading would make the agent hold all responses in memory.
 */
const MOST_AT_ONCE = 16;

/** Must be called before other hooks are added, because a request on a closed connection must not start any work. */
export function limitPipelining(app: App): void {
  const underWay = new WeakMap<Socket, Set<ServerResponse>>();
  const begin = (socket: Socket): Set<ServerResponse> => {
    const answers = new Set<ServerResponse>();
    underWay.set(socket, answers);
    socket.once('close', () => {
      for (const answer of answers) if (answer.socket === null) closeUnsent(answer);
    });
    return answers;
  };
  app.addHook('onRequest', ({ raw: { socket } }, { raw }, done) => {
    const answers = underWay.get(socket) ?? begin(socket);
    answers.add(raw);
    raw.once('close', () => answers.delete(raw));
    if (answers.size <= MOST_AT_ONCE) {
      done();
      return;
    }
    socket.destroy();
    done(new AgentError('rate_limited', 'Too many requests on one connection.'));
  });
}

/**
 * Emits `close` on every response that could not be sent before the connection closed, because streams and waiting
 * requests end on this event.
 */
function closeUnsent(answer: ServerResponse): void {
  answer.destroy();
  answer.emit('close');
}
