/**
 * Fields and query parameters that a call does not know never refuse it, and never pass in silence: a misspelt
 * `subdomian` would otherwise make the wrong thing, which is billed. The answer names them in `warnings`, as do log
 * and audit.
 */
import { closest, distance } from 'fastest-levenshtein';
import type { FastifyRequest } from 'fastify';
import type { App } from './app-type.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** Sentences for whoever wrote the call; they stand in its answer. Null: none. */
    warnings: readonly string[] | null;
    /** Names in the call that it does not know, cleaned. Null: none. */
    unknownFields: string[] | null;
  }
}

const MOST_NAMED = 10;
const LONGEST_NAME = 64;

/** Adds sentences to the answer of this call. */
export function warn(request: FastifyRequest, ...sentences: readonly string[]): void {
  if (sentences.length > 0) request.warnings = [...(request.warnings ?? []), ...sentences];
}

/** To be called before routes are registered. */
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
      'the call has fields that are not known',
    );
  });
  // into the text, as the answer of /status is one that is kept ready
  app.addHook('onSend', async ({ warnings }, reply, payload) => {
    // a remembered answer has those of the first call in it already
    if (reply.hasHeader('idempotency-replayed')) return payload;
    const isAnswer =
      typeof payload === 'string' && payload.startsWith('{"success":') && payload.endsWith('}');
    return isAnswer && warnings ? `${payload.slice(0, -1)},"warnings":${JSON.stringify(warnings)}}` : payload;
  });
}

interface Unknown {
  readonly name: string;
  readonly sentence: string;
}

function unknownIn(schema: unknown, sent: unknown): Unknown[] {
  const known = namesIn(schema);
  if (!known || typeof sent !== 'object' || sent === null || Array.isArray(sent)) return [];
  return Object.keys(sent)
    .filter((name) => !known.includes(name))
    .slice(0, MOST_NAMED)
    .map((name) => describe(name, known));
}

/** Of these names, those that are close to a known one and not known, as sentences. */
export function misspelt(names: readonly string[], known: readonly string[]): string[] {
  return names
    .filter((name) => !known.includes(name))
    .map((name) => describe(name, known).sentence)
    .filter((sentence) => sentence.includes('did you mean'))
    .slice(0, MOST_NAMED);
}

function describe(sent: string, known: readonly string[]): Unknown {
  // whatever stands there is shown to people
  const name = sent.replace(/[^\x20-\x7E]|[<>]/g, '?').slice(0, LONGEST_NAME);
  const near = known.length > 0 ? closest(name, known) : undefined;
  const isNear = near !== undefined && distance(name, near) <= Math.max(1, Math.floor(near.length / 3));
  return { name, sentence: `${name} is not known${isNear ? `; did you mean ${near}?` : '.'}` };
}

/** The names of an object's fields; undefined where a schema leaves them open. */
function namesIn(schema: unknown): string[] | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  const open: unknown = Reflect.get(schema, 'additionalProperties');
  const properties: unknown = Reflect.get(schema, 'properties');
  if (typeof properties !== 'object' || properties === null || open === true) return undefined;
  return Object.keys(properties);
}
