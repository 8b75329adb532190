/**
 * Tracks which connections are idle, so that a stop does not wait for them. Node's own list lacks connections that
 * never sent a request.
 */
import type { Server, ServerResponse } from 'node:http';
import { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';

export interface Connections {
  /** The number of open connections. */
  count(): number;
  /** From now on, every connection is closed after its next response. */
  endAfterAnswer(): void;
  /** Closes all connections that have been without a request in progress for this long. */
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
  // with TLS, requests arrive on the TLS socket instead of the TCP socket of the connection
  server.on(server instanceof SecureServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    connections.set(socket, { requests: 0, since: performance.now() });
    socket.once('close', () => connections.delete(socket));
  });
  // this listener must run before the application, which may respond synchronously
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
