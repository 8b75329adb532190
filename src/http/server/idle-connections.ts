/**
 * Knows which connections wait for nothing, so that a stop need not wait for them; node's own list leaves out those
 * that never sent anything.
 */
import type { Server, ServerResponse } from 'node:http';
import { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';

export interface Connections {
  /** How many there are. */
  count(): number;
  /** From now on every answer is the last one of its connection. */
  endAfterAnswer(): void;
  /** Closes all that have had no request under way for so long. */
  closeIdle(quietMs: number): void;
}

interface Connection {
  requests: number;
  /** Since when it is as it is. */
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
  // with TLS, requests come from the socket around the one that connected
  server.on(server instanceof SecureServer ? 'secureConnection' : 'connection', (socket: Socket) => {
    connections.set(socket, { requests: 0, since: performance.now() });
    socket.once('close', () => connections.delete(socket));
  });
  // before the application, which may answer at once
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
