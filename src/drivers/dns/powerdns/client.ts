/**
 * The client of PowerDNS's HTTP API for the zone of the sites and the zones of customers. It maps every failure to
 * the matching AgentError.
 */
import { Type } from 'typebox';
import { lazyCheck } from '../../../kernel/lazy-check.js';
import { Agent, request } from 'undici';
import { cleaned } from '../../../kernel/text.js';
import type { PowerDnsConfig } from './config.js';
import { isOutOfDescriptors } from '../../../kernel/descriptors.js';
import { AgentError, type ErrorCode } from '../../../kernel/errors.js';
import { abortError, throwIfAborted } from '../../shared/abort.js';
import { type Circuit, type OpenCircuit, openCircuit } from '../../shared/circuit.js';
import { isPage, pageWords } from '../../shared/page.js';
import { withLimit } from '../../../kernel/async/with-limit.js';
import { neverAborted } from '../../../kernel/async/never.js';

const RecordSet = Type.Object({
  name: Type.String(),
  type: Type.String(),
  ttl: Type.Optional(Type.Integer()),
  records: Type.Array(Type.Object({ content: Type.String(), disabled: Type.Optional(Type.Boolean()) })),
  comments: Type.Optional(
    Type.Array(
      Type.Object({
        content: Type.String(),
        account: Type.Optional(Type.String()),
        modified_at: Type.Optional(Type.Integer()),
      }),
    ),
  ),
});
const zoneAnswer = lazyCheck(
  Type.Object({ account: Type.Optional(Type.String()), rrsets: Type.Array(RecordSet) }),
);
const refusal = lazyCheck(Type.Object({ error: Type.String() }));

export type RecordSet = Type.Static<typeof RecordSet>;

export interface RecordSetChange {
  readonly name: string;
  readonly type: string;
  readonly changetype: 'REPLACE' | 'DELETE';
  readonly ttl?: number;
  readonly records?: readonly { readonly content: string; readonly disabled: boolean }[];
  /** If this field is absent, the server keeps the comments. */
  readonly comments?: readonly {
    readonly content: string;
    readonly account: string;
    readonly modified_at?: number;
  }[];
}

export interface WholeZone {
  readonly account: string;
  readonly sets: readonly RecordSet[];
}

/** Zone names are absolute, with the final dot. */
export interface PowerDnsClient {
  /**
   * Returns all record sets at this absolute name (with the final dot). PowerDNS before 5.0 omits disabled records.
   */
  read(name: string, signal: AbortSignal, zone?: string): Promise<RecordSet[]>;
  /**
   * Sends a change. The call ends when the server responds or at the deadline of the request. It does not end earlier
   * if the caller stops, because it would then be unknown whether the change took effect.
   */
  change(changes: readonly RecordSetChange[], zone?: string): Promise<void>;
  /** Returns the whole zone, including disabled records. */
  findZone(zone: string, signal: AbortSignal): Promise<WholeZone | undefined>;
  /** Throws `zone_exists`. */
  makeZone(zone: string, nameServers: readonly string[], account: string): Promise<void>;
  removeZone(zone: string): Promise<void>;
  close(): Promise<void>;
}

interface SendOptions {
  readonly stop?: AbortSignal;
  /** If true, the status 404 is not an error: the result is then undefined. */
  readonly mayMiss?: boolean;
  /** The error that is thrown for the status 404. */
  readonly missing?: () => AgentError;
}

/** The maximum size of a response. A server that is too old to filter by name sends a whole zone. */
const MOST_ANSWER_BYTES = 64 * 1024 * 1024;

/** The statuses with which a gateway reports that it cannot reach the server. */
const GATEWAY = [502, 503, 504];

export function powerDnsClient(config: PowerDnsConfig, circuit?: Circuit): PowerDnsClient {
  const agent = new Agent({
    connections: 4,
    connect: { timeout: config.timeout_s * 1000 },
    maxResponseSize: MOST_ANSWER_BYTES,
  });
  const own = `${config.zone.replace(/\.$/, '')}.`;
  const base = new URL(
    `api/v1/servers/${encodeURIComponent(config.server_id)}/zones`,
    config.url.endsWith('/') ? config.url : `${config.url}/`,
  );
  const pathOf = (zone: string): string => `/${encodeURIComponent(zone)}`;

  const send = async (
    method: 'GET' | 'PATCH' | 'POST' | 'DELETE',
    path: string,
    body: object | null,
    { stop, mayMiss = false, missing }: SendOptions = {},
  ): Promise<unknown> => {
    const pass = circuit?.enter();
    if (circuit && !pass) throw shut(openCircuit(circuit));
    const ended = (why: string, error?: unknown): AgentError =>
      failure(
        'dns_unreachable',
        'The DNS server does not answer.',
        `${method} ${base.href}${path}: ${why}`,
        error,
      );
    const once = async (signal: AbortSignal): Promise<unknown> => {
      const answer = await request(`${base.href}${path}`, {
        method,
        body: body === null ? null : JSON.stringify(body),
        headers: {
          'x-api-key': config.api_key.reveal(),
          accept: 'application/json',
          ...(body === null ? {} : { 'content-type': 'application/json' }),
        },
        dispatcher: agent,
        signal,
      });
      const { statusCode: status } = answer;
      const text = await answer.body.text();
      const refused = refusalIn(status, text);
      if (refused !== undefined) pass?.refused(refused);
      else if (GATEWAY.includes(status) || isPage(text)) pass?.silent();
      else pass?.answered();
      if (refused !== undefined) throw refusesUs(refused);
      if (status === 404 && missing) throw missing();
      return mayMiss && status === 404 ? undefined : judge(status, text);
    };
    return withLimit(stop ?? neverAborted(), config.timeout_s * 1000, async (limit) => {
      try {
        return await once(limit);
      } catch (error) {
        if (error instanceof AgentError) throw error;
        if (stop?.aborted || isOutOfDescriptors(error)) pass?.left();
        else pass?.silent();
        if (stop?.aborted) throw abortError(stop, 'dns_unreachable', 'querying the DNS server');
        throw ended(limit.aborted ? `no answer within ${config.timeout_s} s` : reasonOf(error), error);
      }
    });
  };

  return {
    async read(name, signal, zone = own) {
      throwIfAborted(signal, 'dns_unreachable', 'querying the DNS server');
      const query = `?rrset_name=${encodeURIComponent(name)}`;
      const answer = await send('GET', `${pathOf(zone)}${query}`, null, {
        stop: signal,
        mayMiss: zone === own,
      });
      if (answer === undefined && zone === own) throw zoneMissing(own);
      if (!zoneAnswer.Check(answer)) throw notAZone();
      return answer.rrsets.filter((set) => set.name.toLowerCase() === name);
    },
    async change(changes, zone = own) {
      const missing = (): AgentError => (zone === own ? zoneMissing(own) : noSuchZone(zone));
      await send('PATCH', pathOf(zone), { rrsets: changes }, { missing });
    },
    async findZone(zone, signal) {
      throwIfAborted(signal, 'dns_unreachable', 'querying the DNS server');
      const answer = await send('GET', pathOf(zone), null, { stop: signal, mayMiss: true });
      if (answer === undefined) return undefined;
      if (!zoneAnswer.Check(answer)) throw notAZone();
      return { account: answer.account ?? '', sets: answer.rrsets };
    },
    async makeZone(zone, nameServers, account) {
      await send('POST', '', { name: zone, kind: 'Native', nameservers: nameServers, account });
    },
    async removeZone(zone) {
      await send('DELETE', pathOf(zone), null, { mayMiss: true });
    },
    close: () => agent.destroy(),
  };
}

/**
 * Returns the message of the server if the response means that no request of the agent can succeed. This is the case
 * if PowerDNS rejects the key, or if a system in front of PowerDNS sent a response that PowerDNS never sends (a
 * redirect or a page). It is not the case for a page with a 5xx status, because such a page comes from a gateway that
 * cannot forward the request at the moment.
 */
function refusalIn(status: number, text: string): string | undefined {
  const isForeign = (status >= 300 && status < 400) || (isPage(text) && status < 500);
  if (status !== 401 && status !== 403 && !isForeign) return undefined;
  return `${status}: ${saidIn(text) || 'no message'}`;
}

function saidIn(text: string): string {
  const body = parsed(text);
  if (refusal.Check(body)) return cleaned(body.error);
  return isPage(text) ? pageWords(text) : cleaned(text);
}

function judge(status: number, text: string): unknown {
  if (status >= 200 && status < 300) return parsed(text);
  const detail = `${status}: ${saidIn(text)}`;
  // 5xx means a temporary failure of the server, such as a locked database; 4xx means an error in our request.
  if (status >= 500 || status === 429)
    throw failure('dns_unreachable', 'The DNS server cannot answer right now.', detail);
  if (status === 409) throw new AgentError('zone_exists', 'Zone already exists', { role: 'DNS', detail });
  if (status === 422 && CLASH.test(detail)) throw inTheWay(detail);
  throw failed(detail);
}

/**
 * PowerDNS's messages about a record that cannot exist next to another record of the same name, which may have a
 * different type (ws-auth.cc).
 */
const CLASH =
  /Conflicts with (?:pre-existing|another) RRset|has more than one record|Cannot have both NS and DNAME/;

/** The error of a server whose back end cannot store comments (BIND files, and LMDB before PowerDNS 5.1). */
export function lacksComments(error: unknown): boolean {
  return error instanceof AgentError && /does not support editing comments/.test(error.detail ?? '');
}

/**
 * If the server rejected a request because of its content, returns the server's reason. Otherwise returns undefined.
 */
export function refusedContent(error: unknown): string | undefined {
  const [, said] = error instanceof AgentError ? (/^422: (.+)/.exec(error.detail ?? '') ?? []) : [];
  return said?.startsWith('Hosting backend') === false ? said : undefined;
}

export function inTheWay(detail: string): AgentError {
  return new AgentError('foreign_object', 'A DNS record that the agent did not create is in the way.', {
    role: 'DNS',
    detail,
  });
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

/** The error if a response came from a gateway instead of PowerDNS, or was cut off. This is temporary. */
function notAZone(): AgentError {
  return failure('dns_timeout', 'The DNS server cannot answer right now.', 'the response is not a zone');
}

function refusesUs(detail: string): AgentError {
  return failure('dns_refused', 'The DNS server refuses the agent.', detail);
}

function shut({ failure: kind, detail }: OpenCircuit): AgentError {
  return kind === 'refused_us'
    ? refusesUs(detail)
    : failure('dns_unreachable', 'The DNS server does not answer.', detail);
}

/**
 * The error if the zone for the sites' names is missing. In this case no order can be executed, but the cause is not
 * in the orders.
 */
export function zoneMissing(zone: string): AgentError {
  return refusesUs(`404: the server has no zone ${zone}`);
}

export function noSuchZone(zone: string): AgentError {
  return new AgentError('zone_not_found', 'There is no such zone.', { role: 'DNS', detail: zone });
}

/** The error for a request that can never succeed, because the server will refuse it each time. */
export function failed(detail: string): AgentError {
  return new AgentError('dns_failed', 'The DNS server reported a failure.', {
    role: 'DNS',
    failure: 'refused_request',
    detail,
  });
}

/** The error if the server reported success, but the change is not visible. */
export function unproven(detail: string): AgentError {
  return failure('dns_failed', 'The DNS server reported a failure.', detail);
}

function failure(code: ErrorCode, message: string, detail: string, cause?: unknown): AgentError {
  return new AgentError(code, message, {
    role: 'DNS',
    detail,
    cause,
    ...(code === 'dns_unreachable' || code === 'dns_refused' ? { system: 'dns' } : {}),
  });
}
