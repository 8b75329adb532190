/** Sends HTTP requests for modules, with time limits, retries and a limit for the size of the response. */
import { STATUS_CODES } from 'node:http';
import PQueue from 'p-queue';
import { type Dispatcher, errors, request as send } from 'undici';
import { inTurn } from '../../kernel/async/in-turn.js';
import { pause } from '../../kernel/async/pause.js';
import { withLimit } from '../../kernel/async/with-limit.js';
import type { Clock } from '../../kernel/clock.js';
import { isOutOfDescriptors } from '../../kernel/descriptors.js';
import { AgentError, outOfDescriptors } from '../../kernel/errors.js';
import { cleaned } from '../../kernel/text.js';
import { abortError } from '../../drivers/shared/abort.js';
import type { HttpRequest, HttpResponse } from '../kit/module-call-types.js';
import { type ModuleCall, moduleNameOf, refused } from './call.js';
import type { HttpAgents } from './http-agents.js';
import { type HttpMessage, messageOf } from './http-message.js';
import { NotPublicError } from './public-addresses.js';

export interface HttpDeps {
  readonly agents: HttpAgents;
  readonly clock: Pick<Clock, 'now' | 'sleep'>;
  /** A number between 0 and 1, by which the pauses between tries differ. */
  readonly random?: () => number;
}

const DEFAULT_TIMEOUT_S = 30;
const DEFAULT_MAX_BYTES = 1024 ** 2;
const DEFAULT_RETRIES = 2;
/** Requests of one module at the same time. With the size limit, this limits the memory for responses. */
const AT_ONCE = 8;
const REPEATABLE: readonly string[] = ['GET', 'HEAD', 'PUT', 'DELETE'];
const RETRIED_STATUSES: readonly number[] = [429, 502, 503, 504];
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export function httpRequest({ agents, clock, random = Math.random }: HttpDeps): ModuleCall<'http.request'> {
  const queues = new Map<string, PQueue>();
  return async (caller, request) => {
    const message = await messageOf(caller, request);
    const doing = `${message.method} ${message.url.origin}${message.url.pathname}`;
    const limitMs = (request.timeoutS ?? DEFAULT_TIMEOUT_S) * 1000;
    const queue = queues.get(moduleNameOf(caller)) ?? new PQueue({ concurrency: AT_ONCE });
    queues.set(moduleNameOf(caller), queue);
    let last: unknown;
    const stopped = (): AgentError => abortError(caller.signal, 'remote_unreachable', doing);
    try {
      return await withLimit(caller.signal, limitMs, (signal) =>
        inTurn(
          (work) => queue.add(work),
          signal,
          () => new Error('too many requests of the module are in progress'),
          () =>
            withRetries({ agents, clock, random }, request, message, signal, (error) => {
              last = error;
            }),
        ),
      );
    } catch (error) {
      if (caller.signal.aborted) throw stopped();
      throw errorOf(error, last, doing, limitMs);
    }
  };
}

async function withRetries(
  { agents, clock, random }: Required<HttpDeps>,
  request: HttpRequest,
  message: HttpMessage,
  signal: AbortSignal,
  failed: (error: unknown) => void,
): Promise<HttpResponse> {
  let left = request.retries ?? (REPEATABLE.includes(message.method) ? DEFAULT_RETRIES : 0);
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs *= 2, left -= 1) {
    let waitMs = pauseMs * (0.5 + random() / 2);
    try {
      const response = await sendOnce(agents, request, message, signal);
      if (left <= 0 || !RETRIED_STATUSES.includes(response.status)) return response;
      failed(new Error(`status ${response.status} ${STATUS_CODES[response.status] ?? ''}`.trim()));
      waitMs = Math.max(waitMs, retryAfterMs(response, clock.now()));
      // a server that asks for a longer pause than the caller can wait has refused the request
      if (waitMs > LONGEST_PAUSE_MS) return response;
    } catch (error) {
      if (signal.aborted || left <= 0 || isFinal(error)) throw error;
      failed(error);
    }
    if (!(await pause(clock, waitMs, signal))) throw signal.reason;
  }
}

async function sendOnce(
  agents: HttpAgents,
  request: HttpRequest,
  { url, method, headers, body }: HttpMessage,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const answer = await send(url, { method, headers, body, signal, dispatcher: agents.of(request) });
  const bytes = await readCapped(answer.body, request.maxBytes ?? DEFAULT_MAX_BYTES);
  return {
    status: answer.statusCode,
    headers: Object.fromEntries(
      Object.entries(answer.headers).map(([name, value]) => [name, [value ?? []].flat().join(', ')]),
    ),
    body: bytes.toString(request.encoding ?? 'utf8'),
  };
}

async function readCapped(body: Dispatcher.ResponseData['body'], most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  // leaving the loop also ends the connection
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > most)
      throw new AgentError('remote_failed', 'The response of a remote system is too large.', {
        detail: `the response has more than ${most} bytes`,
      });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The time that the server asks the client to wait, in ms. */
function retryAfterMs({ headers }: HttpResponse, now: number): number {
  const text = headers['retry-after'] ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : Math.max(0, at - now);
}

/** Whether the same request would fail again in the same way. */
function isFinal(error: unknown): boolean {
  return error instanceof AgentError || isNotPublic(error) || isInvalid(error);
}

/** The HTTP client found something in the request that cannot be sent. Its message does not contain values. */
function isInvalid(error: unknown): boolean {
  return error instanceof errors.InvalidArgumentError;
}

function isNotPublic(error: unknown): boolean {
  return error instanceof NotPublicError || (error instanceof Error && error.cause instanceof NotPublicError);
}

function errorOf(error: unknown, last: unknown, doing: string, limitMs: number): AgentError {
  if (error instanceof AgentError) return error;
  if (isOutOfDescriptors(error)) return outOfDescriptors(error);
  if (isInvalid(error)) return refused('The module sent an invalid HTTP request.', `${doing}: ${why(error)}`);
  if (isNotPublic(error))
    return new AgentError('remote_failed', 'The module sent a request to an address that is not public.', {
      detail: `${doing}: ${why(error)}`,
    });
  const late = error instanceof Error && error.message.startsWith('not finished within');
  const reason = late
    ? `no response within ${limitMs / 1000} s${last === undefined ? '' : `; the previous attempt failed: ${why(last)}`}`
    : why(error);
  return new AgentError('remote_unreachable', 'A system that the module uses does not respond.', {
    detail: `${doing}: ${reason}`,
  });
}

/** Node's and undici's errors about connections contain addresses, but nothing that was sent. */
function why(error: unknown): string {
  if (!(error instanceof Error)) return cleaned(String(error));
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code} ` : '';
  const inner = error instanceof AggregateError ? error.errors.map(why).join('; ') : error.message;
  return cleaned(`${code}${inner}`);
}
