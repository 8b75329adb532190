/** The HTTP(S) server below fastify, with limits for slow or silent clients. */
import http from 'node:http';
import https from 'node:https';
import type { Server, Socket } from 'node:net';
import type { FastifyServerFactory } from 'fastify';
import ipaddr from 'ipaddr.js';
import { v7 as uuidV7 } from 'uuid';
import { descriptorLimit } from '../../kernel/descriptor-use.js';
import { AgentError } from '../../kernel/errors.js';
import { failure } from './errors.js';
import type { TlsPair } from './tls-pair.js';

const LIMITS = {
  // time limits for the header block, for the complete request, and for a socket without data (event streams send data
  // every 15 s)
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
  maxHeaderSize: 16_384,
};
const SILENCE_MS = 60_000;
const MOST_CONNECTIONS = 10_000;
/** The number of file descriptors that connections must leave free for the state, jobs and remote systems. */
const LEFT_FOR_WORK = 2_048;
/**
 * The maximum number of connections of one client, which may be a panel or a proxy in front of all panels. The limit
 * leaves connections for other clients.
 */
const MOST_PER_ADDRESS = 2_000;

export function serverFactory(
  tls: TlsPair | null,
  { limits = LIMITS, perAddress = MOST_PER_ADDRESS, descriptors = descriptorLimit() } = {},
): FastifyServerFactory {
  return (handler) => {
    const server = tls
      ? https.createServer({ ...limits, handshakeTimeout: 10_000, ...tls }, handler)
      : http.createServer(limits, handler);
    server.setTimeout(SILENCE_MS);
    const most = mostConnections(descriptors);
    server.maxConnections = most;
    capPerAddress(server, Math.min(perAddress, Math.ceil(most / 2)));
    return server;
  };
}

/**
 * Each connection uses one file descriptor. If no descriptor is free, the daemon can neither write the state nor call
 * a remote system.
 */
export function mostConnections(descriptors: number | undefined): number {
  if (descriptors === undefined) return MOST_CONNECTIONS;
  const left = Math.min(LEFT_FOR_WORK, Math.ceil(descriptors / 2));
  return Math.min(MOST_CONNECTIONS, descriptors - left);
}

/** Runs before the TLS handshake, because the handshake is the most expensive part of a connection. */
function capPerAddress(server: Server, most: number): void {
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const from = networkOf(socket.remoteAddress);
    // clients of the unix socket have no address; the permissions of the socket file protect it
    if (from === undefined) return;
    const count = (open.get(from) ?? 0) + 1;
    open.set(from, count);
    socket.once('close', () => {
      const left = (open.get(from) ?? 1) - 1;
      if (left > 0) open.set(from, left);
      else open.delete(from);
    });
    if (count > most) socket.destroy();
  });
}

/** Returns the /64 network of an IPv6 client, because one client can usually use all addresses of its /64 network. */
export function networkOf(address: string | undefined): string | undefined {
  if (address === undefined || !ipaddr.isValid(address)) return undefined;
  const parsed = ipaddr.process(address);
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, 4).join(':') : parsed.toString();
}

/** If the input is not HTTP, sends an error response in the usual format and closes the connection. */
export function refuseBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.destroyed) {
    socket.destroy();
    return;
  }
  const status = STATUS[error.code ?? ''] ?? '400 Bad Request';
  const body = JSON.stringify(
    failure(new AgentError('invalid_request', 'This is not a complete HTTP request.'), uuidV7()),
  );
  const head = [
    `HTTP/1.1 ${status}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

const STATUS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};
