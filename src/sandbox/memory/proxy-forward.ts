/** Forwards a visitor's request or WebSocket to the container of a site, as nginx does with `proxy_pass`. */
import { Agent, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream';

/** Hop-by-hop headers (RFC 9110 7.6.1) are not forwarded. */
const HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
const ANSWER_WITHIN_MS = 60_000;

export interface Upstream {
  readonly host: string;
  readonly port: number;
}

export interface Forwarder {
  /**
   * Forwards a request. Calls `onDown` if the container could not be reached, did not respond, or responded with one
   * of these codes. When `onDown` is called, the body of the request may already have been consumed.
   */
  forward(
    upstream: Upstream,
    request: IncomingMessage,
    response: ServerResponse,
    asDown: readonly number[],
    onDown: (timedOut: boolean) => void,
  ): void;
  upgrade(upstream: Upstream, request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

export function forwarder(): Forwarder {
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 16 });
  return {
    forward(upstream, request, response, asDown, onDown) {
      const outgoing = send({
        ...upstream,
        agent,
        method: request.method,
        path: request.url,
        headers: passedOn(request),
        timeout: ANSWER_WITHIN_MS,
      });
      let timedOut = false;
      outgoing.on('timeout', () => {
        timedOut = true;
        outgoing.destroy();
      });
      outgoing.on('error', () => {
        if (response.headersSent) response.destroy();
        else onDown(timedOut);
      });
      outgoing.on('response', (incoming) => {
        if (asDown.includes(incoming.statusCode ?? 502)) {
          incoming.resume();
          onDown(false);
          return;
        }
        response.writeHead(incoming.statusCode ?? 502, without(incoming.headers, HOP));
        pipeline(incoming, response, () => {});
      });
      response.on('close', () => outgoing.destroy());
      request.on('error', () => outgoing.destroy());
      request.pipe(outgoing);
    },
    upgrade(upstream, request, socket, head) {
      const headers = { ...passedOn(request), connection: 'Upgrade', upgrade: request.headers.upgrade };
      const outgoing = send({
        ...upstream,
        agent: false,
        method: request.method,
        path: request.url,
        headers,
      });
      const giveUp = (): void => {
        socket.end('HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
      };
      socket.on('error', () => outgoing.destroy());
      outgoing.on('error', giveUp);
      outgoing.on('response', (incoming) => {
        incoming.resume();
        giveUp();
      });
      outgoing.on('upgrade', (incoming, behind, first) => {
        outgoing.off('error', giveUp);
        socket.write(statusLines(incoming));
        socket.write(first);
        behind.write(head);
        pipeline(behind, socket, behind, () => {});
      });
      outgoing.end();
    },
    close: () => agent.destroy(),
  };
}

/** Returns the headers for the container: the headers of the visitor, the visitor's address, and the scheme https. */
function passedOn(request: IncomingMessage): Record<string, string | string[] | undefined> {
  const address = request.socket.remoteAddress ?? '';
  return {
    ...without(request.headers, HOP),
    // forwarding headers from the visitor are replaced, because no other proxy connects to this one
    'x-forwarded-for': address,
    'x-forwarded-host': request.headers.host,
    'x-forwarded-proto': 'https',
    'x-real-ip': address,
  };
}

function without<V>(headers: Readonly<Record<string, V>>, names: readonly string[]): Record<string, V> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

function statusLines(incoming: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${incoming.statusCode ?? 101} ${incoming.statusMessage ?? ''}`];
  for (let index = 0; index < incoming.rawHeaders.length; index += 2)
    lines.push(`${incoming.rawHeaders[index] ?? ''}: ${incoming.rawHeaders[index + 1] ?? ''}`);
  return `${lines.join('\r\n')}\r\n\r\n`;
}
