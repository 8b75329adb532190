/** One record of a customer's zone, as panels write it. */
import { createHash } from 'node:crypto';
import { canonicalAddress } from './address-pool.js';
import { AgentError } from './errors.js';

/** Stands for the public addresses of the proxy, both ways. */
export const PROXY_WORD = 'PROXYSRV';

export interface RecordWish {
  readonly type: string;
  readonly name: string;
  readonly ip?: string | undefined;
  readonly target?: string | undefined;
  readonly exchange?: string | undefined;
  readonly priority?: number | undefined;
  readonly txt?: string | undefined;
  readonly ns?: string | undefined;
}

export type RecordType = 'A' | 'AAAA' | 'CNAME' | 'MX' | 'TXT' | 'NS';

export interface WishedRecord {
  readonly type: RecordType;
  /** Absolute, lower case, without the final dot. */
  readonly name: string;
  /** Bare; several only where PROXYSRV stands for several addresses. */
  readonly values: readonly string[];
}

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const LONGEST_TEXT = 4000;

/** Throws `record_invalid` that says what was expected. */
export function readRecord(wish: RecordWish, zone: string, proxy: readonly string[]): WishedRecord {
  const name = absoluteName(wish.name, zone);
  switch (wish.type.toUpperCase()) {
    case 'A':
      return { type: 'A', name, values: addresses(wish.ip, 4, proxy) };
    case 'AAAA':
      return { type: 'AAAA', name, values: addresses(wish.ip, 6, proxy) };
    case 'CNAME':
      if (name === zone) throw refused(`${zone} itself cannot be an alias; use an A record.`);
      return { type: 'CNAME', name, values: [hostName(wish.target, 'target')] };
    case 'MX':
      return { type: 'MX', name, values: [`${priorityOf(wish)} ${hostName(wish.exchange, 'exchange')}`] };
    case 'TXT':
      return { type: 'TXT', name, values: [textOf(wish.txt)] };
    case 'NS':
      if (name === zone) throw refused(`The name servers of ${zone} itself are ours and stay.`);
      return { type: 'NS', name, values: [hostName(wish.ns, 'ns')] };
    default:
      throw refused(`Expected a record of type A, AAAA, CNAME, MX, TXT or NS, found "${shown(wish.type)}".`);
  }
}

function absoluteName(sent: string, zone: string): string {
  const text = sent.trim().toLowerCase().replace(/\.$/, '');
  if (text === '' || text === '@' || text === zone) return zone;
  const name = text.endsWith(`.${zone}`) ? text : `${text}.${zone}`;
  const labels = name.split('.');
  const legal = labels.every((label, n) => LABEL.test(label) || (n === 0 && label === '*'));
  if (!legal || name.length > 253) throw refused(`Expected a name in ${zone}, found "${shown(sent)}".`);
  return name;
}

function addresses(sent: string | undefined, family: 4 | 6, proxy: readonly string[]): string[] {
  const fits = (address: string): boolean => address.includes(':') === (family === 6);
  if (sent?.trim().toUpperCase() === PROXY_WORD) {
    const ours = proxy.filter(fits);
    if (ours.length === 0) throw refused(`The proxy has no IPv${family} address.`);
    return ours;
  }
  const address = canonicalAddress(sent?.trim() ?? '');
  if (address === undefined || !fits(address))
    throw refused(`Expected an IPv${family} address or ${PROXY_WORD} in ip, found "${shown(sent ?? '')}".`);
  return [address];
}

function hostName(sent: string | undefined, field: string): string {
  const name = (sent ?? '').trim().toLowerCase().replace(/\.$/, '');
  const labels = name.split('.');
  if (name.length > 253 || labels.length < 2 || !labels.every((label) => LABEL.test(label)))
    throw refused(`Expected a host name in ${field}, found "${shown(sent ?? '')}".`);
  return name;
}

function priorityOf({ priority = 10 }: RecordWish): number {
  if (Number.isInteger(priority) && priority >= 0 && priority <= 65_535) return priority;
  throw refused('Expected a whole number from 0 to 65535 in priority.');
}

function textOf(sent: string | undefined): string {
  if (sent !== undefined && sent !== '' && sent.length <= LONGEST_TEXT && !/\p{Cc}/u.test(sent)) return sent;
  throw refused(`Expected text of 1 to ${LONGEST_TEXT} characters in txt.`);
}

export function refused(sentence: string): AgentError {
  return new AgentError('record_invalid', sentence);
}

function shown(text: string): string {
  return text.replace(/[\p{C}"]/gu, '?').slice(0, 80);
}

/** Stable as long as the record is what it is. */
export function recordId(type: string, name: string, value: string): string {
  return createHash('sha256').update(`${type} ${name} ${value}`).digest('hex').slice(0, 24);
}
