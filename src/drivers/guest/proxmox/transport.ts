/**
 * Sends requests to Proxmox over our own undici pools. If a request may already have been delivered, only a read is
 * sent again. The base URLs are tried in order until a connection succeeds. If the caller aborts, a read ends at once.
 * If a change has been sent, the transport waits up to `ABORT_GRACE_MS` longer for the response, so that it learns the
 * ID of the task.
 */
import PQueue from 'p-queue';
import { Pool } from 'undici';
import { inTurn } from '../../../kernel/async/in-turn.js';
import { onAbort } from '../../../kernel/async/on-abort.js';
import { isOutOfDescriptors } from '../../../kernel/descriptors.js';
import type { Secret } from '../../../kernel/secret.js';
import { readResponse, wireEndOf } from './response.js';
import type { HostCircuits } from './circuits.js';
import { isPve, PveError } from './pve-error.js';
import { newStanding, PERMISSIONS, standingIn } from './standing.js';
import { NotConnected, type Trust, trustingConnector } from './tls.js';

export type ParamValue = string | number | boolean | null | undefined;
export type Params = Readonly<Record<string, ParamValue>>;
export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

export interface TransportOptions {
  readonly urls: readonly string[];
  readonly tokenId: string;
  readonly tokenSecret: Secret;
  readonly trust: Trust;
  readonly requestTimeoutMs: number;
  readonly gates?: HostCircuits;
}

export interface Transport {
  /** Returns the `data` of the response. `path` begins with `/api2/json/`. Throws PveError. */
  request(method: Method, path: string, params: Params, signal: AbortSignal): Promise<unknown>;
  /**
   * Checks that the token still has the privileges that every request needs. The check is made at most every few
   * seconds. Throws PveError `refused` if the privileges are missing.
   */
  checkStanding(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/**
 * The number of concurrent requests. pveproxy has 3 workers, so further requests would only wait there and time out.
 */
const IN_FLIGHT = 4;
/**
 * Idle connections are closed after this time. It is shorter than the 5 s after which pveproxy closes them, so that no
 * change is sent on a connection that pveproxy is closing.
 */
const KEEP_ALIVE_MS = 3_500;
const CONNECT_MS = 5_000;
const MAX_BODY_BYTES = 64 * 1024 * 1024;
export const ABORT_GRACE_MS = 4_000;

/**
 * Encodes parameters as `a=1&b=x%3Dy`. Values are percent-encoded, booleans become 0 and 1, and absent values are
 * omitted.
 */
export function encodeParams(params: Params): string {
  return Object.entries(params)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => {
      const text = typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
      return `${encodeURIComponent(name)}=${encodeURIComponent(text)}`;
    })
    .join('&');
}

export function openTransport(options: TransportOptions): Transport {
  const connectMs = Math.min(CONNECT_MS, options.requestTimeoutMs);
  const connect = trustingConnector(options.trust, connectMs);
  const pools = options.urls.map((url) => {
    const { protocol, origin } = new URL(url);
    if (protocol !== 'https:') throw new RangeError(`the container host's URL must be https: ${url}`);
    return new Pool(origin, {
      connections: IN_FLIGHT,
      connect,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      // one deadline covers the whole request (see Limit)
      headersTimeout: 0,
      bodyTimeout: 0,
      maxResponseSize: MAX_BODY_BYTES,
    });
  });
  if (pools.length === 0) throw new RangeError('the container host needs at least one URL');
  const queue = new PQueue({ concurrency: IN_FLIGHT });
  let preferred = 0;

  const attempt = async (pool: Pool, method: Method, path: string, encoded: string, signal: AbortSignal) => {
    const inBody = method === 'POST' || method === 'PUT';
    const answer = await pool.request({
      method,
      path: !inBody && encoded !== '' ? `${path}?${encoded}` : path,
      headers: {
        accept: 'application/json',
        authorization: `PVEAPIToken=${options.tokenId}=${options.tokenSecret.reveal()}`,
        ...(inBody ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
      },
      ...(inBody ? { body: encoded } : {}),
      signal,
    });
    return { status: answer.statusCode, reason: answer.statusText, body: await answer.body.text() };
  };

  /** Yields each base URL once, beginning with the one that responded last. */
  const overUrls = async (
    about: string,
    method: Method,
    path: string,
    encoded: string,
    signal: AbortSignal,
  ) => {
    const failures: NotConnected[] = [];
    for (let tried = 0; tried < pools.length; tried++) {
      const index = (preferred + tried) % pools.length;
      const pool = pools[index];
      if (pool === undefined) break;
      try {
        const answer = await attempt(pool, method, path, encoded, signal);
        preferred = index;
        return answer;
      } catch (error) {
        if (!(error instanceof NotConnected)) throw error;
        failures.push(error);
      }
    }
    const untrusted = failures.every((failure) => failure.trust);
    const reason = failures.map((failure) => failure.message).join('; ');
    throw new PveError(untrusted ? 'refused' : 'unreachable', about, `not connected: ${reason}`, {
      isWhole: untrusted,
      cause: failures[0],
    });
  };

  const once = async (
    method: Method,
    path: string,
    encoded: string,
    signal: AbortSignal,
    isProbe = false,
  ): Promise<unknown> => {
    const about = `${method} ${path.replace('/api2/json', '')}`;
    if (signal.aborted)
      throw new PveError('aborted', about, 'stopped before it was sent', { cause: signal.reason });
    const settle = options.gates?.enter(path, about);
    const limit = new Limit(options.requestTimeoutMs + connectMs * pools.length, signal, method === 'GET');
    try {
      const answer = await overUrls(about, method, path, encoded, limit.signal);
      const lost = isProbe ? standingIn(answer) : undefined;
      settle?.(lost === undefined ? wireEndOf(answer) : { refused: lost });
      if (lost !== undefined) throw new PveError('refused', about, lost, { isWhole: true });
      return readResponse(about, answer);
    } catch (error) {
      if (limit.cut || isOutOfDescriptors(error)) settle?.('left');
      else if (error instanceof PveError)
        settle?.(error.kind === 'refused' ? { refused: error.reason } : 'not connected');
      else settle?.('no answer');
      if (error instanceof PveError) throw error;
      if (limit.cut && method === 'GET')
        throw new PveError('aborted', about, 'stopped', { cause: signal.reason });
      const reason = limit.signal.aborted ? 'no answer in time' : describe(error);
      throw new PveError('unknown', about, reason, { cause: error });
    } finally {
      limit.clear();
    }
  };

  const standing = newStanding((signal) =>
    whileQueued(queue, signal, () => once('GET', PERMISSIONS, '', signal, true)),
  );

  return {
    checkStanding: (signal) => standing.check(signal),
    async request(method, path, params, signal) {
      const encoded = encodeParams(params);
      const send = () => whileQueued(queue, signal, () => once(method, path, encoded, signal));
      // Proxmox also responds to a token that has lost its privileges, with empty lists, so a response alone does not
      // prove that the token has privileges
      if (options.gates?.refuses() === true) await standing.ask(signal);
      try {
        return await send();
      } catch (error) {
        if (isPve(error, 'refused') && !error.isWhole && options.gates) await standing.check(signal);
        // after status 596, or after our own deadline, there is no time left for another attempt
        const again = error instanceof PveError && error.kind === 'unknown' && error.status !== 596;
        if (method !== 'GET' || !again || error.reason === 'no answer in time' || signal.aborted) throw error;
        return send();
      }
    },
    async close() {
      await Promise.all(pools.map((pool) => pool.destroy()));
    },
  };
}

/**
 * If the caller aborts while the request is in the queue, the request is removed from the queue. Once `work` has
 * started, `work` handles the abort.
 */
function whileQueued<T>(queue: PQueue, caller: AbortSignal, work: () => Promise<T>): Promise<T> {
  const stopped = (): PveError =>
    new PveError('aborted', 'request', 'stopped before it was sent', { cause: caller.reason });
  return inTurn((next) => queue.add(next), caller, stopped, work);
}

function describe(error: unknown): string {
  return error instanceof Error ? `the response broke off: ${error.message}` : String(error);
}

/**
 * Combines the deadline of one request with the caller's abort. For a change, the abort takes effect only after the
 * grace period.
 */
class Limit {
  readonly #controller = new AbortController();
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #forget: () => void;
  /** True once the caller's abort has ended the request. */
  cut = false;

  constructor(ms: number, caller: AbortSignal, atOnce: boolean) {
    this.#timers.push(setTimeout(() => this.#controller.abort(), ms));
    const end = (): void => {
      this.cut = true;
      this.#controller.abort();
    };
    this.#forget = onAbort(caller, () => {
      if (atOnce) end();
      else this.#timers.push(setTimeout(end, ABORT_GRACE_MS));
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#forget();
  }
}
