/**
 * Unknown fields and query parameters never cause an error, but the agent always reports them. Otherwise, a misspelt
 * `subdomian` could create a site with the wrong name, which the customer has to pay for. The response lists unknown
 * fields in `warnings`; the log and the audit log contain them as well.
 */
import type { FastifyRequest } from 'fastify';
import { describeUnknown, type UnknownName } from '../../model/unknown-name.js';
import type { App } from './app-type.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The warnings in the response, for the developer of the client. Null if there are none. */
    warnings: readonly string[] | null;
    /**
     * The names of fields and parameters in the request that the endpoint does not support. Unsafe characters are
     * removed. Null if there are none.
     */
    unknownFields: string[] | null;
  }
}

const MOST_NAMED = 10;

/** Adds warnings to the response of this request. */
export function warn(request: FastifyRequest, ...sentences: readonly string[]): void {
  if (sentences.length > 0) request.warnings = [...new Set([...(request.warnings ?? []), ...sentences])];
}

/** Must be called before routes are registered. */
export function warnOfUnknownFields(app: App): void {
  app.decorateRequest('warnings', null);
  app.decorateRequest('unknownFields', null);
  app.addHook('preValidation', async (request) => {
    const { body, querystring } = request.routeOptions.schema ?? {};
    const found = [...unknownIn(body, request.body), ...unknownIn(querystring, request.query)];
    if (found.length === 0) return;
    request.unknownFields = found.map(({ name }) => name);
    warn(request, ...found.map(({ sentence }) => sentence));
    request.log.warn(
      { route: request.routeOptions.url, fields: request.unknownFields },
      'the request has unknown fields',
    );
  });
  // the warnings are inserted into the serialized text, because the response of /status is cached as text
  app.addHook('onSend', async ({ warnings }, reply, payload) => {
    // a stored response already contains the warnings of the first request
    if (reply.hasHeader('idempotency-replayed')) return payload;
    const isAnswer =
      typeof payload === 'string' && payload.startsWith('{"success":') && payload.endsWith('}');
    return isAnswer && warnings ? `${payload.slice(0, -1)},"warnings":${JSON.stringify(warnings)}}` : payload;
  });
}

function unknownIn(schema: unknown, sent: unknown): UnknownName[] {
  const known = namesIn(schema);
  if (!known || typeof sent !== 'object' || sent === null || Array.isArray(sent)) return [];
  return Object.keys(sent)
    .filter((name) => !known.includes(name))
    .slice(0, MOST_NAMED)
    .map((name) => describeUnknown(name, known));
}

/** Returns warnings about unknown names that resemble a known name. */
export function misspelt(names: readonly string[], known: readonly string[]): string[] {
  return names
    .filter((name) => !known.includes(name))
    .map((name) => describeUnknown(name, known).sentence)
    .filter((sentence) => sentence.includes('did you mean'))
    .slice(0, MOST_NAMED);
}

/** Returns the names of an object's fields, or undefined if the schema allows any name. */
function namesIn(schema: unknown): string[] | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const open: unknown = Reflect.get(schema, 'additionalProperties');
  const properties: unknown = Reflect.get(schema, 'properties');
  if (typeof properties !== 'object' || properties === null || open === true) return undefined;
  return Object.keys(properties);
}
