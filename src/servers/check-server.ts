/** Checks the values of a server that an operator sends. */
import { X509Certificate } from 'node:crypto';
import { readHostName } from '../kernel/host-name.js';
import { invalid } from '../kernel/invalid.js';
import type { JsonObject } from '../kernel/json.js';
import { Secret } from '../kernel/secret.js';
import { canonicalAddress } from '../model/address-pool.js';
import type { DataChecks } from '../model/data-check.js';
import {
  CREDENTIAL_NAME,
  DEFAULT_GROUP,
  type Server,
  type ServerRules,
  type ServerTls,
} from '../model/server.js';
import { MASK } from '../model/service-data.js';

/** The fields that a request may send. Fields that are omitted stay as they are. */
export interface ServerRequest {
  readonly name?: string | undefined;
  readonly group?: string | undefined;
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly tls?: TlsRequest | undefined;
  readonly max_accounts?: number | null | undefined;
  readonly active?: boolean | undefined;
  readonly data?: JsonObject | undefined;
  readonly credentials?: Readonly<Record<string, string | null>> | undefined;
}

export interface TlsRequest {
  readonly enabled?: boolean | undefined;
  readonly ca?: string | null | undefined;
  readonly fingerprint?: string | null | undefined;
}

type Values = Omit<Server, 'schema' | 'id' | 'module' | 'createdAt' | 'updatedAt'>;

const MOST_DATA_BYTES = 16_384;
const MOST_CREDENTIALS = 16;
const MOST_CREDENTIAL_BYTES = 16_384;

/** The values of a server that is added, apart from its name and host. */
export function newValues({ port }: ServerRules): Values {
  return {
    ...{ name: '', host: '', group: DEFAULT_GROUP, port, tls: {}, maxAccounts: null, active: true },
    ...{ data: {}, credentials: {} },
  };
}

/** `before` with the requested changes. Throws `invalid_request`, which names every invalid field. */
export function changedValues(
  checks: DataChecks,
  rules: ServerRules,
  before: Values,
  request: ServerRequest,
): Values {
  const problems: Record<string, string> = {};
  const name = (request.name ?? before.name).trim();
  if (name === '') problems['name'] = 'is missing';
  const host = hostOf(request.host ?? before.host, problems);
  const data = dataOf(checks, rules, request.data ?? before.data, problems);
  const credentials = credentialsOf(checks, rules, before.credentials, request.credentials ?? {}, problems);
  const tls = request.tls ? tlsOf(before.tls, request.tls, problems) : before.tls;
  if (Object.keys(problems).length > 0) throw invalid(problems);
  return {
    ...{ name, host, data, credentials, tls },
    group: request.group?.trim() ?? before.group,
    port: request.port ?? before.port,
    maxAccounts: request.max_accounts === undefined ? before.maxAccounts : request.max_accounts,
    active: request.active ?? before.active,
  };
}

function hostOf(sent: string, problems: Record<string, string>): string {
  const text = sent.trim().replace(/^\[(.*)\]$/, '$1');
  const host = canonicalAddress(text) ?? readHostName(text, { leastLabels: 1 });
  if (host === undefined) problems['host'] = 'must be a host name or an address, without a scheme or a port';
  return host ?? text;
}

function tlsOf(
  before: ServerTls | null,
  { enabled, ca, fingerprint }: TlsRequest,
  problems: Record<string, string>,
): ServerTls | null {
  const isOn = enabled ?? (before !== null || Boolean(ca) || Boolean(fingerprint));
  if (!isOn) {
    if (ca || fingerprint) problems['tls.enabled'] = 'must be true if a certificate is expected';
    return null;
  }
  // a new expectation replaces the former one
  const kept = ca || fingerprint ? {} : (before ?? {});
  const next = {
    ca: ca === undefined ? kept.ca : (ca ?? undefined),
    fingerprint: fingerprint === undefined ? kept.fingerprint : (fingerprint ?? undefined),
  };
  if (next.ca !== undefined && next.fingerprint !== undefined)
    problems['tls.fingerprint'] = 'must not be set together with tls.ca';
  if (next.ca !== undefined && !isCertificate(next.ca)) problems['tls.ca'] = 'must be a certificate in PEM';
  const bare = next.fingerprint?.replaceAll(':', '').toLowerCase();
  if (bare !== undefined && !/^[0-9a-f]{64}$/.test(bare))
    problems['tls.fingerprint'] = 'must be a SHA-256 hash in hexadecimal, 64 digits';
  return {
    ...(next.ca === undefined ? {} : { ca: next.ca.trim() }),
    ...(bare === undefined ? {} : { fingerprint: bare }),
  };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).validTo !== '';
  } catch {
    return false;
  }
}

function dataOf(
  checks: DataChecks,
  { data: schema }: ServerRules,
  sent: JsonObject,
  problems: Record<string, string>,
): JsonObject {
  if (Buffer.byteLength(JSON.stringify(sent)) > MOST_DATA_BYTES)
    problems['data'] = `must not exceed ${MOST_DATA_BYTES} bytes`;
  else if (schema === null) {
    if (Object.keys(sent).length > 0)
      problems['data'] = 'must be empty: the module declares no data of servers';
  } else {
    const checked = checks(schema)(sent);
    for (const [field, problem] of Object.entries(checked.problems))
      problems[joined('data', field)] = problem;
    return checked.data;
  }
  return sent;
}

/** A mask keeps the credential, and null removes it. */
function credentialsOf(
  checks: DataChecks,
  { credentials: schema }: ServerRules,
  before: Server['credentials'],
  sent: NonNullable<ServerRequest['credentials']>,
  problems: Record<string, string>,
): Server['credentials'] {
  const all = new Map(Object.entries(before));
  for (const [name, value] of Object.entries(sent)) {
    if (!new RegExp(CREDENTIAL_NAME).test(name))
      problems[joined('credentials', name)] = 'must be a name of lower-case letters, digits and underscores';
    else if (value === null || value === '') all.delete(name);
    else if (Buffer.byteLength(value) > MOST_CREDENTIAL_BYTES)
      problems[joined('credentials', name)] = `must not exceed ${MOST_CREDENTIAL_BYTES} bytes`;
    else if (value !== MASK) all.set(name, new Secret(value));
  }
  const next = Object.fromEntries(all);
  if (all.size > MOST_CREDENTIALS)
    problems['credentials'] = `must not contain more than ${MOST_CREDENTIALS} credentials`;
  if (schema === null) return next;
  const clear = Object.fromEntries(Object.entries(next).map(([name, secret]) => [name, secret.reveal()]));
  const checked = checks(schema)(clear);
  for (const [field, problem] of Object.entries(checked.problems))
    problems[joined('credentials', field)] ??= problem;
  const texts = Object.entries(checked.data).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(texts.map(([name, text]) => [name, new Secret(text)]));
}

const joined = (base: string, field: string): string => (field === '' ? base : `${base}.${field}`);
