/**
 * The embedded TLS proxy, which implements the configuration that the nginx driver renders: the wildcard certificate
 * and the certificates of custom domains, the sites by name, pages for sites that cannot be shown, and a status port.
 */
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Faults } from '../control/faults.js';
import { sendBytes } from '../pve/wire.js';
import { listen } from './listen.js';
import { forwarder, type Forwarder, type Upstream } from './proxy-forward.js';
import { nothingServed, readServed, type ProxiedSite, type Served } from './proxy-sites.js';

export interface ProxyOptions {
  /** The folder of the nginx driver, which contains `nginx.conf` and `pages/`. */
  readonly dir: string;
  readonly ports: { readonly http: number; readonly https: number; readonly status: number };
  /** PEM */
  readonly certificate: { readonly cert: string; readonly key: string };
  readonly maxUploadBytes: number;
  /**
   * Returns the address at which the container with this private address actually listens, or undefined while the
   * container is not running.
   */
  readonly upstreamOf: (address: string, port: number) => Upstream | undefined;
  readonly faults: Faults;
}

export interface Proxy {
  /** Tests the configuration. Rejects with the message that `nginx -t` would print. */
  test(): Promise<void>;
  /** Loads the configuration on disk. If it is invalid, the previous configuration stays in use. */
  reload(): Promise<void>;
  /** The configuration that is in use now. */
  served(): Served;
  close(): Promise<void>;
}

const CHALLENGE = /^\/\.well-known\/acme-challenge\/([A-Za-z0-9_-]+)$/;

type Page = 'preparing' | 'suspended' | 'unavailable' | 'unknown';

/** The number of seconds, as in the rendered configuration. */
const RETRY_AFTER: Readonly<Record<Page, number | undefined>> = {
  preparing: 5,
  suspended: 3600,
  unavailable: 10,
  unknown: undefined,
};

/**
 * The error statuses with which a site responds that is not finished yet. Visitors get a page instead of the site's
 * response.
 */
const UNFINISHED = [500, 502, 503, 504];

/** Listens on 127.0.0.1. */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const { dir, ports, faults } = options;
  let served: Served = await readServed(dir).catch(() => nothingServed);
  const forward = forwarder();
  const siteOf = (request: IncomingMessage): ProxiedSite | undefined => served.sites.get(hostOf(request));

  const plain = createServer((request, response) => {
    const token = CHALLENGE.exec(request.url ?? '')?.[1];
    if (token !== undefined) void showChallenge(dir, token, response);
    else if (!siteOf(request)) void showPage(dir, 'unknown', response);
    else redirect(request, response, ports.https);
  });
  const secure = createSecureServer({
    ...options.certificate,
    ALPNProtocols: ['http/1.1'],
    SNICallback: (name, done) => {
      ownContext(served, name).then((context) => done(null, context), done);
    },
  });
  secure.on('request', (request, response) => {
    void spoiled(faults, request, response).then((isSpoiled) => {
      if (!isSpoiled) visit(options, forward, siteOf(request), request, response);
    });
  });
  secure.on('upgrade', (request, socket, head) => {
    const site = siteOf(request);
    const upstream =
      site?.state === 'suspended' ? undefined : site && options.upstreamOf(site.address, site.port);
    if (upstream) forward.upgrade(upstream, request, socket, head);
    else socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n');
  });
  const status = createServer((request, response) => {
    const known = request.url === '/innkeeper-version' && served.version !== null;
    response.writeHead(known ? 200 : 404, { 'content-type': 'text/plain', connection: 'close' });
    response.end(known ? served.version : 'not found\n');
  });

  for (const server of [plain, secure])
    server.on('connection', (socket: Socket) => {
      if (faults.refuses('proxy')) socket.destroy();
    });
  const listening = [
    await listen(plain, ports.http),
    await listen(secure, ports.https),
    await listen(status, ports.status),
  ];
  return {
    async test() {
      await readServed(dir);
    },
    async reload() {
      served = await readServed(dir);
    },
    served: () => served,
    async close() {
      forward.close();
      await Promise.all(listening.map((server) => server.close()));
    },
  };
}

/**
 * Applies a fault to a request of a visitor. Returns false if no fault applies; the request is then handled normally.
 * If a fault cuts or slows down the response, the sandbox sends a long page instead of the site.
 */
async function spoiled(faults: Faults, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
  const { method = 'GET', url = '/' } = request;
  const { delayMs, kind } = faults.strike('web', { method, path: url });
  if (delayMs > 0) await delay(delayMs);
  if (!kind) return false;
  if ('down' in kind || 'drop' in kind) {
    request.socket.destroy();
    return true;
  }
  const bytes = Buffer.from(
    `<!DOCTYPE html><title>Welcome</title><p>${'Nothing to see here. '.repeat(20)}</p>\n`,
  );
  response.writeHead('status' in kind ? kind.status : 200, {
    'content-type': 'text/html; charset=utf-8',
    'content-length': bytes.length,
  });
  sendBytes(response, bytes, kind);
  return true;
}

function visit(
  options: ProxyOptions,
  forward: Forwarder,
  site: ProxiedSite | undefined,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { dir, maxUploadBytes } = options;
  if (!site) void showPage(dir, 'unknown', response);
  else if (site.state === 'suspended') void showPage(dir, 'suspended', response);
  else if (Number(request.headers['content-length'] ?? 0) > maxUploadBytes) tooLarge(request, response);
  else {
    const down = site.state === 'preparing' ? 'preparing' : 'unavailable';
    const upstream = options.upstreamOf(site.address, site.port);
    const asDown = site.state === 'preparing' ? UNFINISHED : [];
    if (upstream)
      forward.forward(upstream, request, response, asDown, () => void showPage(dir, down, response));
    else void showPage(dir, down, response);
  }
}

/**
 * Reads the certificate for a name at each handshake, as nginx does if the path contains a variable. Returns undefined
 * if the proxy's own certificate must be used.
 */
async function ownContext(served: Served, name: string): Promise<SecureContext | undefined> {
  const files = served.certificates.get(name.toLowerCase());
  if (!files) return undefined;
  const [cert, key] = await Promise.all([readFile(files.certFile, 'utf8'), readFile(files.keyFile, 'utf8')]);
  return createSecureContext({ cert, key });
}

async function showChallenge(dir: string, token: string, response: ServerResponse): Promise<void> {
  const text = await readFile(join(dir, 'challenges', token), 'utf8').catch(() => undefined);
  if (text === undefined) await showPage(dir, 'unknown', response);
  else response.writeHead(200, { 'content-type': 'text/plain' }).end(text);
}

/** Sends the page that the driver wrote, or a plain line if there is no page yet. */
async function showPage(dir: string, page: Page, response: ServerResponse): Promise<void> {
  const text = await readFile(join(dir, 'pages', `${page}.html`), 'utf8').catch(() => `${page}\n`);
  const retryAfter = RETRY_AFTER[page];
  if (retryAfter !== undefined) response.setHeader('retry-after', retryAfter);
  response.writeHead(page === 'unknown' ? 404 : 503, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(text);
}

function redirect(request: IncomingMessage, response: ServerResponse, port: number): void {
  const location = `https://${hostOf(request)}${port === 443 ? '' : `:${port}`}${request.url ?? '/'}`;
  response.writeHead(301, { location, 'content-length': 0 }).end();
}

function tooLarge(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(413, { 'content-type': 'text/plain', connection: 'close' });
  response.end('413 Request Entity Too Large\n', () => request.destroy());
}

/** Returns the host name in the form of nginx's variable `$host`: in lower case, without port and final dot. */
function hostOf(request: IncomingMessage): string {
  const host = request.headers.host ?? '';
  return host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
}
