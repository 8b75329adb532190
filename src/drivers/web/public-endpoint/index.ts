/**
 * Sends HTTPS requests for a site to the proxy's address, and verifies that the certificate is valid for the site's
 * name.
 */
import { readFile } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { Agent, buildConnector, type Dispatcher, request } from 'undici';
import type { PublicEndpointConfig } from './config.js';
import { anySignal } from '../../../kernel/async/any-signal.js';
import { AgentError } from '../../../kernel/errors.js';
import { Secret } from '../../../kernel/secret.js';
import { abortError, throwIfAborted } from '../../shared/abort.js';
import type { SiteAnswer, SiteRequest, WebDriver } from '../contract.js';

export interface PublicEndpointOptions {
  /** The time limit of the whole request in ms. */
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 30_000;
const CONNECT_MS = 5_000;
const BODY_BYTES = 1024 * 1024;

export function publicEndpoint(
  endpoint: PublicEndpointConfig,
  { deadlineMs = DEADLINE_MS }: PublicEndpointOptions = {},
): WebDriver {
  let agent: Promise<Agent> | undefined;
  const agentNow = async (): Promise<Agent> => {
    // The file is read at the first use, and again after a failure, because it may be created after the agent starts.
    agent ??= makeAgent(endpoint);
    agent.catch(() => (agent = undefined));
    return agent;
  };
  return {
    async fetch(asked, { signal }) {
      const doing = `${asked.method} https://${asked.host}${asked.path}`;
      throwIfAborted(signal, 'site_unreachable', doing);
      const deadline = AbortSignal.timeout(deadlineMs);
      const stop = anySignal(signal, deadline);
      try {
        return await fetchOnce(endpoint, await agentNow(), asked, stop.signal);
      } catch (error) {
        if (signal.aborted) throw abortError(signal, 'site_unreachable', doing);
        const why = deadline.aborted ? `no answer within ${deadlineMs / 1000} s` : reasonOf(error);
        throw new AgentError('site_unreachable', 'The site does not respond at its public address.', {
          role: 'site',
          cause: error,
          detail: `${doing} at ${endpoint.address}:${endpoint.https_port}: ${why}`,
        });
      } finally {
        stop.release();
      }
    },
    async close() {
      await (await agent?.catch(() => undefined))?.destroy();
    },
  };
}

async function makeAgent(endpoint: PublicEndpointConfig): Promise<Agent> {
  const ca = endpoint.ca_file === null ? {} : { ca: await readFile(endpoint.ca_file, 'utf8') };
  const connector = buildConnector({ ...ca, timeout: CONNECT_MS, maxCachedSessions: 0, allowH2: false });
  return new Agent({
    // The connection is always made to the configured address of the proxy, because the name may not point to the
    // proxy in DNS yet. The certificate must nevertheless be valid for the name.
    connect: (options, callback) =>
      connector(
        {
          ...options,
          hostname: endpoint.address,
          port: String(endpoint.https_port),
          servername: options.hostname,
        },
        callback,
      ),
  });
}

async function fetchOnce(
  endpoint: PublicEndpointConfig,
  dispatcher: Dispatcher,
  asked: SiteRequest,
  signal: AbortSignal,
): Promise<SiteAnswer> {
  if (!asked.path.startsWith('/')) throw new Error(`not an absolute path: ${asked.path}`);
  const origin = `https://${isIPv6(asked.host) ? `[${asked.host}]` : asked.host}:${endpoint.https_port}`;
  const form = asked.form && formOf(asked.form);
  const cookies = Object.entries(asked.cookies ?? {}).map(([name, value]) => `${name}=${value}`);
  const answer = await request(`${origin}${asked.path}`, {
    method: asked.method,
    body: form ?? null,
    headers: {
      host: asked.host,
      'user-agent': 'innkeeper',
      'accept-encoding': 'identity',
      ...(form !== undefined ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      ...(cookies.length > 0 ? { cookie: cookies.join('; ') } : {}),
    },
    dispatcher,
    signal,
    // Each request uses a new connection, because an existing connection would still get the old configuration after
    // a reload of the proxy.
    reset: true,
  });
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(answer.headers)) {
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined) headers[name] = last;
  }
  return {
    status: answer.statusCode,
    headers,
    cookies: parseCookies(answer.headers['set-cookie']),
    body: await readCapped(answer.body),
  };
}

function formOf(fields: NonNullable<SiteRequest['form']>): string {
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    form.append(name, value instanceof Secret ? value.reveal() : value);
  }
  return form.toString();
}

function parseCookies(header: string | string[] | undefined): Record<string, string> {
  const cookies: Record<string, string> = {};
  for (const line of [header ?? []].flat()) {
    const pair = line.split(';', 1)[0] ?? '';
    const at = pair.indexOf('=');
    if (at > 0) cookies[pair.slice(0, at).trim()] = pair.slice(at + 1).trim();
  }
  return cookies;
}

async function readCapped(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= BODY_BYTES) break; // leaving the loop also ends the connection
  }
  return Buffer.concat(chunks).subarray(0, BODY_BYTES).toString('utf8');
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code} ` : '';
  const inner = error instanceof AggregateError ? error.errors.map(reasonOf).join('; ') : error.message;
  return `${code}${inner}`;
}
