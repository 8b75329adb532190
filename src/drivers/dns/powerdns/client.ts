/** The wire client of PowerDNS's HTTP API: one zone, two calls, every failure as the error it means. */
import { Type } from 'typebox';
import { Compile } from 'typebox/compile';
import { Agent, request } from 'undici';
import type { Config } from '../../../config/config.js';
import { AgentError, type ErrorCode } from '../../../domain/errors.js';
import { abortError, throwIfAborted } from '../../abort.js';
import { type Circuit, closedDoor } from '../../circuit.js';

export type PowerDnsConfig = NonNullable<Config['dns']['powerdns']>;

const RecordSet = Type.Object({
  name: Type.String(),
  type: Type.String(),
  ttl: Type.Optional(Type.Integer()),
  records: Type.Array(Type.Object({ content: Type.String(), disabled: Type.Optional(Type.Boolean()) })),
  comments: Type.Optional(Type.Array(Type.Object({ content: Type.String() }))),
});
const zoneAnswer = Compile(Type.Object({ rrsets: Type.Array(RecordSet) }));
const refusal = Compile(Type.Object({ error: Type.String() }));

export type RecordSet = Type.Static<typeof RecordSet>;

export interface RecordSetChange {
  readonly name: string;
  readonly type: string;
  readonly changetype: 'REPLACE' | 'DELETE';
  readonly ttl?: number;
  readonly records?: readonly { readonly content: string; readonly disabled: boolean }[];
  readonly comments?: readonly { readonly content: string; readonly account: string }[];
}

export interface PowerDnsClient {
  /** All record sets at this absolute name (with the final dot). */
  read(name: string, signal: AbortSignal): Promise<RecordSet[]>;
  /** Ends with the server's answer or the request's own deadline, also when the caller stops: half a write would leave the effect unknown. */
  change(changes: readonly RecordSetChange[]): Promise<void>;
  close(): Promise<void>;
}

/** A whole zone, from a server too old to filter by name. */
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

/** Answers of a gateway that cannot reach the server behind it. */
const GATEWAY = [502, 503, 504];

export function powerDnsClient(config: PowerDnsConfig, circuit?: Circuit): PowerDnsClient {
  const agent = new Agent({
    connections: 4,
    connect: { timeout: config.timeout_s * 1000 },
    maxResponseSize: MOST_ANSWER_BYTES,
  });
  const zone = `${config.zone.replace(/\.$/, '')}.`;
  const url = new URL(
    `api/v1/servers/${encodeURIComponent(config.server_id)}/zones/${encodeURIComponent(zone)}`,
    config.url.endsWith('/') ? config.url : `${config.url}/`,
  );

  const send = async (
    method: 'GET' | 'PATCH',
    query: string,
    body: string | null,
    stop?: AbortSignal,
  ): Promise<unknown> => {
    const pass = circuit?.enter();
    if (circuit && !pass)
      throw failure('dns_unreachable', 'The DNS server does not answer.', closedDoor(circuit));
    const deadline = AbortSignal.timeout(config.timeout_s * 1000);
    try {
      const answer = await request(`${url.href}${query}`, {
        method,
        body,
        headers: {
          'x-api-key': config.api_key.reveal(),
          accept: 'application/json',
          ...(body === null ? {} : { 'content-type': 'application/json' }),
        },
        dispatcher: agent,
        signal: stop ? AbortSignal.any([stop, deadline]) : deadline,
      });
      const text = await answer.body.text();
      if (GATEWAY.includes(answer.statusCode)) pass?.silent();
      else pass?.answered();
      return judge(answer.statusCode, text);
    } catch (error) {
      if (error instanceof AgentError) throw error;
      if (stop?.aborted) pass?.left();
      else pass?.silent();
      if (stop?.aborted) throw abortError(stop, 'dns_unreachable', 'asking the DNS server');
      const why = deadline.aborted ? `no answer within ${config.timeout_s} s` : reasonOf(error);
      throw failure(
        'dns_unreachable',
        'The DNS server does not answer.',
        `${method} ${url.href}: ${why}`,
        error,
      );
    }
  };

  return {
    async read(name, signal) {
      throwIfAborted(signal, 'dns_unreachable', 'asking the DNS server');
      const answer = await send('GET', `?rrset_name=${encodeURIComponent(name)}`, null, signal);
      if (!zoneAnswer.Check(answer)) throw failed('the answer is not a zone');
      return answer.rrsets.filter((set) => set.name.toLowerCase() === name);
    },
    async change(changes) {
      await send('PATCH', '', JSON.stringify({ rrsets: changes }));
    },
    close: () => agent.destroy(),
  };
}

function judge(status: number, text: string): unknown {
  const body = parsed(text);
  if (status >= 200 && status < 300) return body;
  const said = refusal.Check(body) ? body.error : text.slice(0, 500);
  const detail = `${status}: ${said}`;
  if (status === 401 || status === 403)
    throw failure('dns_refused', 'The DNS server refused our credentials.', detail);
  // 5xx is the server's own trouble (its database is locked or away), which passes; 4xx is our request.
  if (status >= 500 || status === 429)
    throw failure('dns_unreachable', 'The DNS server cannot answer right now.', detail);
  throw failed(detail);
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' && 'code' in error ? String(error.code) : error.message;
}

export function failed(detail: string): AgentError {
  return failure('dns_failed', 'The DNS server reported a failure.', detail);
}

function failure(code: ErrorCode, message: string, detail: string, cause?: unknown): AgentError {
  return new AgentError(code, message, {
    role: 'DNS',
    detail,
    cause,
    ...(code === 'dns_unreachable' ? { system: 'dns' } : {}),
  });
}
