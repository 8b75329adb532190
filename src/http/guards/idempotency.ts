/**
 * Handles `Idempotency-Key` on every POST request that changes something: if a request is repeated, the agent sends
 * the response to the first request again. Queries are not covered: a repeated query is executed again.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../../model/caller.js';
import {
  begunAnswer,
  type FirstCall,
  makeIdempotencyStore,
  type IdempotencyStore,
} from './idempotency-store.js';
import { invalid } from '../../kernel/invalid.js';
import { wordOf } from '../../services/read-power.js';
import { STATUS_WORDS } from '../../model/status.js';
import { isChange } from './access.js';
import type { App } from '../server/app-type.js';
import { callerOf } from './auth.js';
import type { RouteContext } from '../server/route.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set while this request is in progress, if it is the first request with its Idempotency-Key. */
    firstCall: FirstCall | null;
  }
}

const HEADER = 'idempotency-key';

/** Must be called before routes are registered. */
export function rememberPosts(app: App, context: RouteContext): void {
  const calls = makeIdempotencyStore(context);
  app.decorateRequest('firstCall', null);
  app.addHook('onRoute', (route) => {
    if (route.method !== 'POST' || !isChange(route.method, route.url)) return;
    route.preHandler = [...[route.preHandler ?? []].flat(), recallOr(context, calls, route.url)];
    route.onSend = [...[route.onSend ?? []].flat(), remember];
  });
}

function recallOr(context: RouteContext, calls: IdempotencyStore, route: string) {
  return async function recall(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const key = keyOf(request);
    if (key === undefined) return undefined;
    const caller = callerOf(request);
    const serviceId = serviceIdOf(request);
    const found = await calls.recall({
      panel: caller.panel,
      token: request.tokenId ?? '',
      key,
      requestId: request.id,
      serviceId,
      asked: [route, request.params, request.query, request.body ?? null],
    });
    if (found.kind === 'first') {
      request.firstCall = found.call;
      return undefined;
    }
    void reply.header('idempotency-replayed', 'true').type('application/json; charset=utf-8');
    if (found.kind === 'answered') {
      const body = await withStatusOfToday(context, caller, found.body);
      return reply.code(found.code).serializer(String).send(body);
    }
    const { service, job } = found;
    const answer = begunAnswer(service, job, wordOf(context.watch, service));
    return reply.code(202).serializer(String).send(JSON.stringify(answer));
  };
}

async function remember(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  const first = request.firstCall;
  request.firstCall = null;
  // a stored response is sent as JSON; routes of modules may respond with something else
  const isJson = String(reply.getHeader('content-type')).startsWith('application/json');
  if (first && isJson && typeof payload === 'string') await first.answered(reply.statusCode, payload);
  else first?.abandon();
  return payload;
}

/** Removes the quotation marks that the draft standard puts around the key. Throws `invalid_request`. */
function keyOf(request: FastifyRequest): string | undefined {
  const sent = request.headers[HEADER];
  if (sent === undefined) return undefined;
  const key = typeof sent === 'string' ? sent.replace(/^"(.*)"$/, '$1') : '';
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw invalid({ [HEADER]: 'must be 1 to 255 letters, digits or punctuation characters' });
}

function serviceIdOf(request: FastifyRequest): string | null {
  for (const [source, name] of [
    [request.body, 'service_id'],
    [request.params, 'id'],
  ] as const) {
    const id: unknown = typeof source === 'object' && source !== null ? Reflect.get(source, name) : undefined;
    if (typeof id === 'string' || typeof id === 'number') return String(id);
  }
  return null;
}

/** Returns the stored response. If the response contains the status of a service, the current status replaces it. */
async function withStatusOfToday(context: RouteContext, { panel }: Caller, body: string): Promise<string> {
  const answer: unknown = JSON.parse(body);
  if (typeof answer !== 'object' || answer === null) return body;
  const { service_id: id, status }: { service_id?: unknown; status?: unknown } = answer;
  if (typeof id !== 'string' || !STATUS_WORDS.some((word) => word === status)) return body;
  const service = await context.state.services.find(`${panel}/${id}`);
  return service ? JSON.stringify({ ...answer, status: wordOf(context.watch, service) }) : body;
}
