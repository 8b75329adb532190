/**
 * A simulated PowerDNS HTTP API. It implements the paths that a client needs to read and change zones, with PowerDNS's
 * own status codes and messages.
 */
import { timingSafeEqual, createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Faults, StrikeKind } from '../control/faults.js';
import { pageOf, sendBytes } from '../pve/wire.js';
import { readPatch, Unprocessable } from './powerdns-patch.js';
import { withSerial, type RrSet, type Zone } from './zone.js';
import type { Zones } from './zones.js';

const BODY_LIMIT = 2 * 1024 * 1024;
const SERVER = {
  type: 'Server',
  id: 'localhost',
  daemon_type: 'authoritative',
  version: '4.7.3',
  url: '/api/v1/servers/localhost',
  config_url: '/api/v1/servers/localhost/config{/config_setting}',
  zones_url: '/api/v1/servers/localhost/zones{/zone}',
};

export interface PowerDnsOptions {
  readonly zones: Zones;
  readonly apiKey: string;
  readonly faults: Faults;
  readonly now?: () => number;
}

interface Answer {
  readonly status: number;
  /**
   * The body, which is sent as JSON. If it is absent, the text of the HTTP status is sent instead: as plain text, or
   * as JSON if the client requested JSON.
   */
  readonly body?: unknown;
}

/** Creates the server. It does not listen yet. */
export function powerDnsApi(options: PowerDnsOptions): Server {
  const server = createServer((request, response) => {
    handle(options, request, response).catch(() => request.socket.destroy());
  });
  server.on('connection', (socket) => {
    if (options.faults.refuses('dns')) socket.destroy();
  });
  return server;
}

async function handle(
  options: PowerDnsOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const { delayMs, kind } = options.faults.strike('dns', {
    method: request.method ?? 'GET',
    path: url.pathname,
  });
  if (delayMs > 0) await delay(delayMs);
  if (kind && ('down' in kind || ('drop' in kind && kind.drop === 'before'))) {
    request.socket.destroy();
    return;
  }
  if (kind && 'denied' in kind) {
    request.resume();
    send(request, response, { status: 401 });
    return;
  }
  const early = kind && 'status' in kind && kind.after !== true;
  const answer = early ? undefined : await route(options, request, url, kind !== undefined && 'lie' in kind);
  if (kind && 'drop' in kind) {
    request.socket.destroy();
    return;
  }
  request.resume();
  if (kind && 'status' in kind && (kind.page === true || (kind.status >= 300 && kind.status < 400)))
    sendPage(response, kind.status, kind.reason ?? 'injected fault');
  else if (kind && 'status' in kind)
    send(request, response, { status: kind.status, body: { error: kind.reason ?? 'injected fault' } });
  else if (answer) send(request, response, answer, kind);
}

/** @param lie if true, a change is reported as successful, but not made */
async function route(
  options: PowerDnsOptions,
  request: IncomingMessage,
  url: URL,
  lie: boolean,
): Promise<Answer> {
  if (!sameText(String(request.headers['x-api-key'] ?? ''), options.apiKey)) {
    request.resume();
    return { status: 401 };
  }
  const body = await readBody(request);
  if (body === undefined) return { status: 413 };
  const path = decodeURIComponent(url.pathname.replace(/=2E/gi, '.')).replace(/\/$/, '');
  if (path === '/api/v1/servers') return get(request, [SERVER]);
  if (path === '/api/v1/servers/localhost') return get(request, SERVER);
  if (path === '/api/v1/servers/localhost/zones')
    return request.method === 'POST' ? make(options, body, lie) : get(request, list(options.zones, url));
  const name = /^\/api\/v1\/servers\/localhost\/zones\/([^/]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  const zone = options.zones.hosted().find((one) => one.name === `${name.replace(/\.$/, '')}.`);
  if (!zone) return { status: 404 };
  if (request.method === 'PATCH') return lie ? { status: 204 } : patch(options, zone, body);
  if (request.method === 'DELETE') {
    if (!lie) await options.zones.remove(zone);
    return { status: 204 };
  }
  return get(request, { ...zoneHead(zone), ...zoneSets(zone, url) });
}

async function make({ zones }: PowerDnsOptions, body: string, lie: boolean): Promise<Answer> {
  const requested = readZone(body);
  if (requested === undefined) return { status: 422, body: { error: 'Invalid zone' } };
  if (zones.hosted().some((zone) => zone.name === requested.name))
    return { status: 409, body: { error: 'Conflict' } };
  if (lie) return { status: 201, body: {} };
  const zone = await zones.make(requested.name, requested.nameServers, requested.account);
  return { status: 201, body: { ...zoneHead(zone), rrsets: zone.rrsets() } };
}

function readZone(body: string): { name: string; nameServers: string[]; account: string } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const name: unknown = Reflect.get(value, 'name');
  const servers: unknown = Reflect.get(value, 'nameservers');
  const account: unknown = Reflect.get(value, 'account');
  if (typeof name !== 'string' || !/^(?:[a-z0-9-]+\.){2,}$/.test(name)) return undefined;
  const nameServers = Array.isArray(servers) ? servers.filter((one) => typeof one === 'string') : [];
  return { name, nameServers, account: typeof account === 'string' ? account : '' };
}

function get(request: IncomingMessage, body: unknown): Answer {
  return request.method === 'GET' ? { status: 200, body } : { status: 405 };
}

async function patch({ now = Date.now }: PowerDnsOptions, zone: Zone, body: string): Promise<Answer> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return { status: 400, body: { error: 'Your JSON could not be parsed' } };
  }
  try {
    await zone.replace(readPatch(parsed, zone, now));
    return { status: 204 };
  } catch (error) {
    if (error instanceof Unprocessable) return { status: 422, body: { error: error.message } };
    throw error;
  }
}

function list(zones: Zones, url: URL): unknown[] {
  const wanted = url.searchParams.get('zone')?.toLowerCase();
  return zones
    .hosted()
    .filter((zone) => wanted === undefined || wanted === zone.name)
    .map(zoneHead);
}

function zoneHead(zone: Zone): Record<string, unknown> {
  return {
    account: zone.account,
    catalog: '',
    dnssec: false,
    edited_serial: zone.serial(),
    id: zone.name,
    kind: 'Native',
    last_check: 0,
    masters: [],
    name: zone.name,
    notified_serial: 0,
    serial: zone.serial(),
    url: `/api/v1/servers/localhost/zones/${zone.name}`,
  };
}

/**
 * Filters the record sets as PowerDNS 4.7.3 does. `rrset_type` has an effect only together with `rrset_name`. If the
 * request names a single name, the response omits disabled records, and also contains every other set with comments,
 * but without the records of that set.
 */
function zoneSets(zone: Zone, url: URL): { rrsets?: RrSet[] } {
  if (url.searchParams.get('rrsets') === 'false') return {};
  const name = url.searchParams.get('rrset_name')?.toLowerCase();
  const type = name === undefined ? undefined : url.searchParams.get('rrset_type')?.toUpperCase();
  const asked = (set: RrSet): boolean => set.name === name && (type === undefined || set.type === type);
  const sets = zone
    .rrsets()
    .map((set) => (name === undefined ? set : served(set, asked(set))))
    .filter(({ records, comments }) => records.length + comments.length > 0);
  return { rrsets: sets.map((set) => (set.type === 'SOA' ? withSerial(set, zone.serial()) : set)) };
}

function served(set: RrSet, isAsked: boolean): RrSet {
  const records = isAsked ? set.records.filter(({ disabled }) => !disabled) : [];
  return { ...set, records, ttl: records.length === 0 ? 0 : set.ttl };
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    size += chunk.length;
    if (size <= BODY_LIMIT) chunks.push(chunk);
  }
  return size <= BODY_LIMIT ? Buffer.concat(chunks).toString('utf8') : undefined;
}

/** Sends an HTML page, as a gateway or a login system in front of the server would. */
function sendPage(response: ServerResponse, status: number, title: string): void {
  const isRedirect = status >= 300 && status < 400;
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    ...(isRedirect ? { location: 'https://login.invalid/' } : {}),
  });
  response.end(pageOf(title));
}

const WORDS: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  413: 'Payload Too Large',
};

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, body }: Answer,
  kind?: StrikeKind,
): void {
  response.statusCode = status;
  if (status === 204) {
    // close the connection, because the response cannot be sent partially
    if (kind && 'cut' in kind) request.socket.destroy();
    else response.end();
    return;
  }
  const json = body !== undefined || (request.headers.accept ?? '').includes('application/json');
  response.setHeader('content-type', json ? 'application/json' : 'text/plain; charset=utf-8');
  const words = WORDS[status] ?? 'Error';
  const bytes = Buffer.from(json ? JSON.stringify(body ?? { error: words }) : words);
  response.setHeader('content-length', bytes.length);
  sendBytes(response, bytes, kind);
}

function sameText(a: string, b: string): boolean {
  const digest = (value: string): Buffer => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(a), digest(b));
}
