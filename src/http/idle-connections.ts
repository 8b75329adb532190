/** Knows which connections wait for nothing, so that a stop need not wait for them; node's own list leaves out those that never sent anything. */
import type { Server } from 'node:http';
import { Server as SecureServer } from 'node:https';
import type { Socket } from 'node:net';

/** Returns the way to close all connections that have no request under way. */
export function trackConnections(server: Server): () => void {
  const busy = new Map<Socket, number>();
  const count = (socket: Socket, change: number): void => {
    const known = busy.get(socket);
    if (known !== undefined) busy.set(socket, known + change);
  };
  const welcome = (socket: Socket): void => {
    busy.set(socket, 0);
    socket.once('close', () => busy.delete(socket));
  };
  // with TLS, requests come from the socket around the one that connected
  server.on(server instanceof SecureServer ? 'secureConnection' : 'connection', welcome);
  server.on('request', (request, response) => {
    count(request.socket, 1);
    response.once('close', () => count(request.socket, -1));
  });
  return () => {
    for (const [socket, requests] of busy) if (requests === 0) socket.destroy();
  };
}
