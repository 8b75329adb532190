/** One record of a customer's zone, in the form that panels send. */
import { createHash } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import { canonicalAddress } from './address-pool.js';
import { AgentError } from '../kernel/errors.js';
import { isAbsolute, readHostName } from '../kernel/host-name.js';
import { readText, showText, UnreadableText } from './master-file-text.js';

/** Placeholder for the public addresses of the proxy, in requests and responses. */
export const PROXY_WORD = 'PROXYSRV';

export interface RecordSpec {
  readonly type: string;
  readonly name: string;
  /** Seconds. */
  readonly ttl?: number | undefined;
  readonly ip?: string | undefined;
  readonly target?: string | undefined;
  readonly exchange?: string | undefined;
  readonly priority?: number | undefined;
  readonly txt?: string | undefined;
  readonly ns?: string | undefined;
}

export const RECORD_TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'NS'] as const;
export type RecordType = (typeof RECORD_TYPES)[number];

export interface RequestedRecord {
  readonly type: RecordType;
  /** The absolute name in lower case, without the final dot. */
  readonly name: string;
  readonly ttlS: number;
  /**
   * Values in the form of the DNS drivers' `ZoneSet`. There is more than one value only if PROXYSRV stands for several
   * addresses.
   */
  readonly values: readonly string[];
}

/** Rules for the records of a zone. */
export interface ZoneRules {
  readonly zone: string;
  /** The addresses that PROXYSRV stands for. */
  readonly proxy: readonly string[];
  /**
   * The containers' networks (CIDR). Customers' names must not point there. Otherwise a name could direct a visitor's
   * browser into these networks.
   */
  readonly closed: readonly string[];
  /** Default TTL in seconds, for requests that contain none. */
  readonly ttlS: number;
}

export const LEAST_TTL_S = 30;
export const MOST_TTL_S = 604_800;

const LONGEST_NAME = 253;
const LONGEST_TEXT_BYTES = 4000;
const NOWHERE = ['unspecified', 'broadcast', 'multicast', 'linkLocal', 'loopback', 'ipv4Mapped'];

/** Throws `record_invalid` with a message that says what was expected. */
export function readRecord(spec: RecordSpec, rules: ZoneRules): RequestedRecord {
  const { zone } = rules;
  const name = absoluteName(spec.name, zone);
  const at = { name, ttlS: ttlOf(spec, rules) };
  switch (spec.type.trim().toUpperCase()) {
    case 'A':
      return { ...at, type: 'A', values: addresses(spec.ip, 4, rules) };
    case 'AAAA':
      return { ...at, type: 'AAAA', values: addresses(spec.ip, 6, rules) };
    case 'CNAME':
      return { ...at, type: 'CNAME', values: [aliasOf(spec, name, zone)] };
    case 'MX':
      return { ...at, type: 'MX', values: [exchangeOf(spec, zone)] };
    case 'TXT':
      return { ...at, type: 'TXT', values: [textOf(spec.txt)] };
    case 'NS':
      if (name === zone) throw refused(`The NS records of ${zone} itself cannot be changed.`);
      if (name.startsWith('*.')) throw refused('A wildcard cannot be delegated to other name servers.');
      return { ...at, type: 'NS', values: [hostName(spec.ns, 'ns', zone)] };
    default:
      throw refused(`Expected a record of type A, AAAA, CNAME, MX, TXT or NS, found "${shown(spec.type)}".`);
  }
}

function ttlOf({ ttl }: RecordSpec, { ttlS }: ZoneRules): number {
  if (ttl === undefined) return ttlS;
  if (Number.isInteger(ttl) && ttl >= LEAST_TTL_S && ttl <= MOST_TTL_S) return ttl;
  throw refused(`Expected a ttl from ${LEAST_TTL_S} to ${MOST_TTL_S} seconds, found ${ttl}.`);
}

/** A name with a final dot is absolute, as in zone files. */
function absoluteName(sent: string, zone: string): string {
  const text = sent.trim();
  if (text === '' || text === '@') return zone;
  const name = readHostName(text, { underscores: true, wildcard: true, leastLabels: 1 });
  if (name === zone || name?.endsWith(`.${zone}`)) return name;
  const below = isAbsolute(text) || name === undefined ? undefined : `${name}.${zone}`;
  if (below !== undefined && below.length <= LONGEST_NAME) return below;
  throw refused(`Expected a name in ${zone}, found "${shown(sent)}".`);
}

function addresses(sent: string | undefined, family: 4 | 6, { proxy, closed }: ZoneRules): string[] {
  const fits = (address: string): boolean => address.includes(':') === (family === 6);
  if (sent?.trim().toUpperCase() === PROXY_WORD) {
    const ours = proxy.filter(fits);
    if (ours.length === 0) throw refused(`The proxy has no IPv${family} address.`);
    return ours;
  }
  const address = canonicalAddress(sent?.trim() ?? '');
  if (address === undefined || !fits(address))
    throw refused(`Expected an IPv${family} address or ${PROXY_WORD} in ip, found "${shown(sent ?? '')}".`);
  if (leadsNowhere(address, closed))
    throw refused(`Expected an address that visitors can reach in ip, found ${address}.`);
  return [address];
}

function leadsNowhere(address: string, closed: readonly string[]): boolean {
  const parsed = ipaddr.parse(address);
  if (NOWHERE.includes(parsed.range())) return true;
  return closed.some((network) => {
    const [range, bits] = ipaddr.parseCIDR(network);
    return range.kind() === parsed.kind() && parsed.match(range, bits);
  });
}

function aliasOf({ target }: RecordSpec, name: string, zone: string): string {
  if (name === zone) throw refused(`${zone} itself cannot be an alias; use an A record.`);
  // underscores are allowed in targets of aliases, because aliases for validation records and keys use them
  const host = hostName(target, 'target', zone, true);
  if (host === name) throw refused(`${name} cannot be an alias of itself.`);
  return host;
}

/** A target is absolute with or without the final dot, because panels send both forms; `@` is the zone itself. */
function hostName(sent: string | undefined, field: string, zone: string, underscores = false): string {
  if (sent?.trim() === '@') return zone;
  const name = readHostName(sent ?? '', { underscores });
  if (name !== undefined) return name;
  throw refused(
    `Expected a complete host name such as mail.example.com in ${field}, found "${shown(sent ?? '')}".`,
  );
}

/** `0 .` means that the name accepts no mail (RFC 7505). */
export const NULL_MX = '0 .';

function exchangeOf(wanted: RecordSpec, zone: string): string {
  if (wanted.exchange?.trim() !== '.')
    return `${priorityOf(wanted)} ${hostName(wanted.exchange, 'exchange', zone)}`;
  if ((wanted.priority ?? 0) === 0) return NULL_MX;
  throw refused(
    `Expected the priority 0 with the exchange ".", which means that the name accepts no mail, found ${wanted.priority}.`,
  );
}

function priorityOf({ priority = 10 }: RecordSpec): number {
  if (Number.isInteger(priority) && priority >= 0 && priority <= 65_535) return priority;
  throw refused('Expected a whole number from 0 to 65535 in priority.');
}

function textOf(sent = ''): string {
  const strings = stringsOf(sent);
  const bytes = strings.reduce((sum, { length }) => sum + length, 0);
  if (bytes <= LONGEST_TEXT_BYTES) return showText(strings);
  throw refused(`Expected text of at most ${LONGEST_TEXT_BYTES} bytes in txt, found ${bytes}.`);
}

function stringsOf(sent: string): Buffer[] {
  try {
    return readText(sent);
  } catch (error) {
    if (!(error instanceof UnreadableText)) throw error;
    throw refused(`Expected text as in a zone file (RFC 1035) in txt: ${error.message}.`);
  }
}

export function refused(sentence: string): AgentError {
  return new AgentError('record_invalid', sentence);
}

function shown(text: string): string {
  return text.replace(/[\p{C}"]/gu, '?').slice(0, 80);
}

/** The id of a record. The id stays the same as long as the record does not change. */
export function recordId(type: string, name: string, value: string): string {
  return createHash('sha256').update(`${type} ${name} ${value}`).digest('hex').slice(0, 24);
}
