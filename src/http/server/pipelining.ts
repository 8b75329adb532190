/**
 * Calls that wait behind another on one connection: only a few, and they hear when it breaks, which node tells the
 * first of them only.
 */
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { AgentError } from '../../kernel/errors.js';
import type { App } from './app-type.js';

/** Clients of ours wait for each answer; whoever sends more without reading would make us keep all the answers. */
const MOST_AT_ONCE = 16;

/** To be called before other hooks are added: a connection that is cut off starts no more work. */
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
    done(new AgentError('rate_limited', 'Too many calls at once on one connection.'));
  });
}

/** It never had the connection. Streams and waiting calls end with `close`. */
function closeUnsent(answer: ServerResponse): void {
  answer.destroy();
  answer.emit('close');
}
