/**
 * An HTTP proxy on the gateway address of the containers. It is the containers' only access to other networks. The
 * proxy allows only the Debian archive that the host's apt uses.
 */
import { createServer, request } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AptArchive } from './apt-archive.js';

export interface AptProxy {
  readonly url: string;
  close(): Promise<void>;
}

const IDLE_MS = 60_000;

export async function startAptProxy(address: string, archive: AptArchive): Promise<AptProxy> {
  const server = createServer((incoming, answer) => forward(incoming, answer, archive));
  const tunnels = new Set<Duplex>();
  server.on('connect', (incoming: IncomingMessage, client: Duplex) => {
    tunnels.add(client);
    client.once('close', () => tunnels.delete(client));
    tunnel(incoming.url ?? '', client, archive);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, resolve);
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the package proxy has no address');
  return {
    url: `http://${address}:${bound.port}`,
    close: async () => {
      for (const client of tunnels) client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(incoming: IncomingMessage, answer: ServerResponse, archive: AptArchive): void {
  const target = parseUrl(incoming.url);
  if (target === undefined || !archive.servers.includes(`${target.hostname}:${target.port || '80'}`)) {
    answer
      .writeHead(403, { 'content-type': 'text/plain' })
      .end('only the Debian archive can be reached from here\n');
    return;
  }
  const headers = { ...incoming.headers };
  delete headers['proxy-connection'];
  const upstream = archive.proxy === null ? target : new URL(archive.proxy);
  const outgoing = request(
    {
      host: upstream.hostname,
      port: upstream.port || 80,
      method: incoming.method ?? 'GET',
      path: archive.proxy === null ? `${target.pathname}${target.search}` : target.href,
      headers: { ...headers, host: target.host },
      timeout: IDLE_MS,
    },
    (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
    },
  );
  outgoing.on('timeout', () => outgoing.destroy(new Error('timed out')));
  outgoing.on('error', () => {
    if (answer.headersSent) answer.destroy();
    else answer.writeHead(502).end();
  });
  answer.on('close', () => outgoing.destroy());
  incoming.pipe(outgoing);
}

function tunnel(authority: string, client: Duplex, archive: AptArchive): void {
  client.on('error', () => undefined);
  if (!archive.servers.includes(authority)) {
    client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    return;
  }
  const [host, port] = splitAuthority(authority);
  const proxy = archive.proxy === null ? undefined : new URL(archive.proxy);
  const upstream: Socket = connect(proxy ? Number(proxy.port || 80) : port, proxy?.hostname ?? host);
  upstream.setTimeout(IDLE_MS, () => upstream.destroy());
  upstream.on('error', () => client.destroy());
  client.on('close', () => upstream.destroy());
  upstream.on('connect', () => {
    // If the host itself uses a proxy, that proxy responds to this request, and its response is passed to the client.
    if (proxy) upstream.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
    else client.write('HTTP/1.1 200 Connection established\r\n\r\n');
    client.pipe(upstream).pipe(client);
  });
}

function parseUrl(text: string | undefined): URL | undefined {
  try {
    const url = new URL(text ?? '');
    return url.protocol === 'http:' ? url : undefined;
  } catch {
    return undefined;
  }
}

function splitAuthority(authority: string): [host: string, port: number] {
  const colon = authority.lastIndexOf(':');
  return [authority.slice(0, colon), Number(authority.slice(colon + 1))];
}
