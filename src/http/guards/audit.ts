/**
 * Records every request that changes something and every request that the agent refused. The record is written before
 * the response is sent, so a caller never gets a response to a request that is not recorded.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { instant } from '../../kernel/clock.js';
import { ID_PATTERN } from '../../model/service.js';
import type { AuditEntry } from '../../state/contract.js';
import { isChange } from './access.js';
import type { App } from '../server/app-type.js';
import { floodGate } from './audit-flood.js';
import type { RouteContext } from '../server/route.js';

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * True if the response is the stored response of an earlier identical request. In this case the request changed
     * nothing.
     */
    isRepeated: boolean;
  }
}

/** Callers can repeat requests with these results as often as they like, so their entries must not fill the disk. */
function changedNothing({ isRepeated }: FastifyRequest, reply: FastifyReply): boolean {
  const refused = reply.statusCode >= 400 && reply.statusCode < 500;
  return refused || isRepeated || reply.hasHeader('idempotency-replayed');
}

/** Must be called before routes are registered, and before other hooks that process responses are added. */
export function auditCalls(
  app: App,
  { state, clock, listener }: Pick<RouteContext, 'state' | 'clock' | 'listener'>,
): void {
  const gate = floodGate(clock, (entry) => void state.audit.add(entry));
  app.decorateRequest('isRepeated', false);
  app.addHook('onClose', () => gate.close());
  app.addHook('onSend', async (request, reply, payload) => {
    const { url } = request.routeOptions;
    if (url === undefined || request.is404 || !isChange(request.method, url)) return payload;
    const entry = { ...entryOf(request, reply, url, payload), at: instant(clock), door: listener };
    if (changedNothing(request, reply)) gate.take(request.tokenId ?? request.ip, entry);
    else await state.audit.add(entry);
    return payload;
  });
}

function entryOf(
  request: FastifyRequest,
  reply: FastifyReply,
  route: string,
  payload: unknown,
): Omit<AuditEntry, 'at' | 'door'> {
  const answer = fieldsOf(typeof payload === 'string' ? payload : '');
  const { caller, tokenId, operator } = request;
  return {
    request_id: request.id,
    who: operator ?? (caller ? { token: caller.name, token_id: tokenId ?? '' } : null),
    panel: caller?.panel ?? null,
    from: operator ? null : request.ip,
    method: request.method,
    route,
    service_id: text(answer['service_id']) ?? askedFor(request, route),
    job_id: text(answer['job_id']) ?? null,
    status: reply.statusCode,
    code: text(answer['code']) ?? null,
    ...(reply.hasHeader('idempotency-replayed') ? { replayed: true as const } : {}),
    ...(request.unknownFields ? { unknown_fields: request.unknownFields } : {}),
  };
}

function askedFor({ params, body }: FastifyRequest, route: string): string | null {
  const inPath = route.startsWith('/services/') ? field(params, 'id') : undefined;
  const named = text(inPath ?? field(body, 'service_id'));
  return named !== undefined && ID_PATTERN.test(named) ? named : null;
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

function text(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? value : undefined;
}

function fieldsOf(payload: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(payload);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
