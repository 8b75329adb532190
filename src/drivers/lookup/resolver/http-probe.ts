/**
 * Sends plain HTTP requests to a name in the same way as a certificate authority. A request is sent to each address
 * that the authoritative name servers return, and redirects to the same name are followed. The owner of the name can
 * make it point anywhere. Therefore, the address is checked at every redirect before a packet is sent to it.
 */
import http from 'node:http';
import https from 'node:https';
import { withLimit } from '../../../kernel/async/with-limit.js';
import { abortError } from '../../shared/abort.js';
import type { HttpProbe } from '../contract.js';
import { mayAsk, type Reachable } from './reachable.js';

export interface HttpProbeSettings extends Reachable {
  readonly http_port: number;
  readonly https_port: number;
}

/** Returns the public addresses of a name. */
export type Resolve = (name: string) => Promise<readonly string[]>;

const MOST_HOPS = 4;
const MOST_ADDRESSES = 8;
const MOST_BYTES = 1024;
const TRY_MS = 3_000;
const REDIRECTS = [301, 302, 303, 307, 308];
/**
 * The error codes if our own network has no route to an address, which is usually an IPv6 address. Such an error does
 * not mean that the name has a problem.
 */
const NO_ROUTE = ['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT'];

/**
 * Returns, for each address, the body of a response with status 200, or undefined for any other result. Addresses to
 * which our network has no route are omitted. Throws `lookup_failed` or `aborted`.
 */
export async function httpProbe(
  settings: HttpProbeSettings,
  asked: HttpProbe,
  resolve: Resolve,
  signal: AbortSignal,
): Promise<(string | undefined)[]> {
  const all = (await resolve(asked.name)).filter((address) => !asked.except.includes(address));
  const answers = await Promise.all(
    all.slice(0, MOST_ADDRESSES).map((address) => walk(settings, asked, address, resolve, signal)),
  );
  if (signal.aborted) throw abortError(signal, 'lookup_failed', 'probing a name over HTTP');
  return answers.flatMap((answer) => (answer === 'no route' ? [] : [answer.body]));
}

async function walk(
  settings: HttpProbeSettings,
  asked: HttpProbe,
  address: string,
  resolve: Resolve,
  signal: AbortSignal,
): Promise<{ readonly body: string | undefined } | 'no route'> {
  let url = new URL(`http://${asked.name}${asked.path}`);
  for (let hop = 0; hop <= MOST_HOPS; hop += 1) {
    const at = url.hostname === asked.name ? [address] : await resolve(url.hostname).catch(() => []);
    const answer = await first(settings, url, at, signal);
    if (answer === 'no route' && hop === 0) return answer;
    if (answer === undefined || answer === 'no route') break;
    if (answer.status === 200) return { body: answer.body };
    const next = REDIRECTS.includes(answer.status) ? follow(settings, asked, url, answer) : undefined;
    if (!next) break;
    url = next;
  }
  return { body: undefined };
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** Returns the response of the first address to which requests are allowed and which responds. */
async function first(
  settings: HttpProbeSettings,
  url: URL,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<Answer | 'no route' | undefined> {
  let found: 'no route' | undefined;
  for (const address of addresses.slice(0, MOST_ADDRESSES)) {
    if (!mayAsk(address, settings) || signal.aborted) continue;
    try {
      return await request(settings, url, address, signal);
    } catch (error) {
      const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
      found = NO_ROUTE.some((one) => one === code) ? 'no route' : undefined;
    }
  }
  return found;
}

/**
 * Returns the target of the redirect if it has the same name (or the same name with `www`) and one of the usual ports.
 */
function follow(
  settings: HttpProbeSettings,
  asked: HttpProbe,
  from: URL,
  { location }: Answer,
): URL | undefined {
  if (location === undefined || !URL.canParse(location, from.href)) return undefined;
  const to = new URL(location, from);
  if (to.protocol !== 'http:' && to.protocol !== 'https:') return undefined;
  if (![asked.name, ...asked.alsoNames].includes(to.hostname)) return undefined;
  const lab = String(to.protocol === 'http:' ? settings.http_port : settings.https_port);
  return (to.port === '' || to.port === lab) && to.username === '' && to.password === '' ? to : undefined;
}

function request(
  settings: HttpProbeSettings,
  url: URL,
  address: string,
  signal: AbortSignal,
): Promise<Answer> {
  return withLimit(signal, TRY_MS, (limit) => requestWithin(settings, url, address, limit));
}

function requestWithin(
  settings: HttpProbeSettings,
  url: URL,
  address: string,
  signal: AbortSignal,
): Promise<Answer> {
  const isHttps = url.protocol === 'https:';
  const options = {
    // connect to the address, so that the name is not resolved a second time
    host: address,
    port: isHttps ? settings.https_port : settings.http_port,
    path: `${url.pathname}${url.search}`,
    headers: { host: url.hostname, 'user-agent': 'innkeeper', accept: '*/*' },
    agent: false,
    signal,
    maxHeaderSize: 8_192,
  } as const;
  return new Promise((resolve, reject) => {
    // the certificate is not verified, because it has not been issued yet; certificate authorities do not verify it
    // either
    const sent = isHttps
      ? https.request({ ...options, servername: url.hostname, rejectUnauthorized: false })
      : http.request(options);
    sent.on('error', reject);
    sent.on('close', () => reject(new Error('closed')));
    sent.on('response', (answer) => {
      let body = '';
      const done = (): void => {
        resolve({ status: answer.statusCode ?? 0, location: answer.headers.location, body });
        sent.destroy();
      };
      answer.setEncoding('latin1');
      answer.on('error', reject);
      answer.on('data', (chunk: string) => {
        body = (body + chunk).slice(0, MOST_BYTES);
        if (body.length >= MOST_BYTES) done();
      });
      answer.on('end', done);
    });
    sent.end();
  });
}
