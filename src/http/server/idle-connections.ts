/**
 * Tracks which connections are idle, so that the daemon does not wait for them when it stops. Node's own list of idle
 * connections does not include connections that never sent a request.
 */
import type { Server, ServerResponse } from 'node:http';
import { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';

export interface Connections {
  /** The number of open connections. */
  count(): number;
  /** From now on, every connection is closed after its next response. */
  endAfterAnswer(): void;
  /** Closes all connections on which no request has been in progress for this many milliseconds. */
  closeIdle(quietMs: number): void;
}

interface Connection {
  requests: number;
  /** When the connection became busy or idle. */
  since: number;
}

export function trackConnections(server: Server): Connections {
  const connections = new Map<Socket, Connection>();
  const answers = new Set<ServerResponse>();
  let last = false;
  const count = (socket: Socket, change: number): void => {
    const known = connections.get(socket);
    if (!known) return;
    known.requests += change;
    known.since = performance.now();
  };
  const makeLast = (answer: ServerResponse): void => {
    if (!answer.headersSent) answer.setHeader('connection', 'close');
  };
  // with TLS, the socket of a request is the TLS socket and not the TCP socket of the connection
  server.on(server instanceof SecureServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    connections.set(socket, { requests: 0, since: performance.now() });
    socket.once('close', () => connections.delete(socket));
  });
  // this listener must run before that of the application, because the application may respond synchronously
  server.prependListener('request', (request, answer) => {
    count(request.socket, 1);
    answers.add(answer);
    if (last) makeLast(answer);
    answer.once('close', () => {
      answers.delete(answer);
      count(request.socket, -1);
    });
  });
  return {
    count: () => connections.size,
    endAfterAnswer() {
      last = true;
      for (const answer of answers) makeLast(answer);
    },
    closeIdle(quietMs) {
      const now = performance.now();
      for (const [socket, { requests, since }] of connections)
        if (requests === 0 && now - since >= quietMs) socket.destroy();
    },
  };
}
