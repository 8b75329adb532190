/** Reads HTTP requests and writes responses in the same way as Proxmox's own server, with the same limits. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Json } from '../../kernel/json.js';
import type { StrikeKind } from '../control/faults.js';
import { PveError } from './failure.js';

const BODY_LIMIT = 512 * 1024;
const BASE = '/api2/json';

export interface Answer {
  readonly status: number;
  readonly reason: string;
  /** The body. Undefined if the body is empty. */
  readonly body?: { readonly [key: string]: Json };
  /** An HTML page that is sent instead of JSON, as a gateway in front of Proxmox does. */
  readonly page?: string;
}

/** Returns a page like that of a gateway, a login or a captive portal. */
export function pageOf(title: string): string {
  return `<!DOCTYPE html>\n<html><head><title>${title.replace(/[<>&]/g, '')}</title></head><body></body></html>\n`;
}

/** Returns the path without `/api2/json`, and the raw query. */
export function targetOf(request: IncomingMessage): { path: string; query: string } {
  const [raw = '', query = ''] = (request.url ?? '').split('?', 2);
  if (raw !== BASE && !raw.startsWith(`${BASE}/`)) throw new PveError(404, `no such file '${raw}'`);
  const path = raw.slice(BASE.length).replace(/\/+$/, '');
  return { path: path === '' ? '/' : path, query };
}

/** Makes the checks that Proxmox's server makes before it checks credentials. */
export function refuseTransfer(request: IncomingMessage): void {
  if (request.headers['transfer-encoding'] !== undefined)
    throw new PveError(501, 'chunked transfer encoding not supported');
}

function refuseBody(request: IncomingMessage): void {
  const { method = '' } = request;
  const length = Number(request.headers['content-length'] ?? 0);
  if (length === 0) return;
  if (method !== 'PUT' && method !== 'POST')
    throw new PveError(501, `Unexpected content for method '${method}'`);
  if (length > BODY_LIMIT) throw new PveError(501, 'for data too large');
}

/** Parses `a=1&b=x%20y`. Like the real server, it cuts a value at an unescaped `=`, and also splits at `;`. */
export function decodeForm(text: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const part of text.split(/[&;]/)) {
    if (part === '') continue;
    const [key = '', value = ''] = part.split('=');
    const name = unescapeForm(key);
    const decoded = unescapeForm(value);
    const earlier = values[name];
    values[name] = earlier === undefined ? decoded : `${earlier}\0${decoded}`;
  }
  return values;
}

function unescapeForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new PveError(400, 'unable to decode parameters');
  }
}

function decodeJson(text: string): Record<string, string> {
  const scalar = (value: unknown): string => {
    if (typeof value === 'boolean') return value ? '1' : '0';
    if (Array.isArray(value)) return value.map(scalar).join('\0');
    return typeof value === 'string' ? value : JSON.stringify(value);
  };
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) throw new TypeError('not an object');
    return Object.fromEntries(Object.entries(parsed).map(([key, value]) => [key, scalar(value)]));
  } catch {
    throw new PveError(400, 'malformed JSON string');
  }
}

export async function readParameters(
  request: IncomingMessage,
  query: string,
): Promise<Record<string, string>> {
  refuseBody(request);
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  const inQuery = decodeForm(query);
  if (text === '') return inQuery;
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/json') return { ...inQuery, ...decodeJson(text) };
  if (type !== '' && type !== 'application/x-www-form-urlencoded')
    throw new PveError(506, `upload 'Content-Type '${type}' not implemented`);
  return { ...inQuery, ...decodeForm(text) };
}

/** `total` is the length of the whole list. It is given if only a part of the list was requested. */
export function success(data: Json, { total }: { readonly total?: number } = {}): Answer {
  return { status: 200, reason: 'OK', body: { data, ...(total === undefined ? {} : { total }) } };
}

/**
 * Returns the body of an error. 9.x also writes the message to the body, while 8.4 has it only in the reason phrase.
 * The message about a missing method has no final newline.
 */
export function failure(error: PveError, version: '9.1' | '8.4'): Answer {
  const reason = error.message.split('\n')[0] ?? '';
  if (error.status === 401) return { status: 401, reason };
  return {
    status: error.status,
    reason,
    body: {
      data: null,
      ...(version === '9.1' ? { message: error.status === 501 ? error.message : `${error.message}\n` } : {}),
      ...(error.errors === undefined ? {} : { errors: { ...error.errors } }),
    },
  };
}

/** Cleans a reason phrase, which must not contain control characters or characters beyond Latin-1. */
const phrase = (reason: string): string => reason.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?').slice(0, 2000);

export function put(response: ServerResponse, answer: Answer, kind?: StrikeKind): void {
  const { status, reason, body, page } = answer;
  const bytes = Buffer.from(page ?? (body === undefined ? '' : JSON.stringify(body)));
  response.writeHead(status, phrase(reason), {
    Connection: status >= 400 ? 'close' : 'Keep-Alive',
    'Cache-Control': 'max-age=0',
    Pragma: 'no-cache',
    Server: 'pve-api-daemon/3.0',
    'Content-Length': bytes.length,
    ...(status >= 300 && status < 400 ? { Location: 'https://login.invalid/' } : {}),
    ...(page === undefined ? {} : { 'Content-Type': 'text/html; charset=utf-8' }),
    ...(body === undefined ? {} : { 'Content-Type': 'application/json;charset=UTF-8' }),
  });
  sendBytes(response, bytes, kind);
}

/** Sends all bytes, only half of them, or one byte at a time, as the fault requires. */
export function sendBytes(response: ServerResponse, bytes: Buffer, kind: StrikeKind | undefined): void {
  if (kind && 'cut' in kind) {
    response.write(bytes.subarray(0, Math.floor(bytes.length / 2)));
    setTimeout(() => response.destroy(), 10);
  } else if (kind && 'dripMs' in kind) {
    drip(response, bytes, kind.dripMs);
  } else {
    response.end(bytes);
  }
}

function drip(response: ServerResponse, bytes: Buffer, everyMs: number): void {
  let sent = 0;
  response.flushHeaders();
  const timer = setInterval(() => {
    if (sent < bytes.length && !response.destroyed) {
      response.write(bytes.subarray(sent, sent + 1));
      sent += 1;
      return;
    }
    clearInterval(timer);
    response.end();
  }, everyMs);
}
