/**
 * Handles a PATCH request for a zone with the same checks and error messages as PowerDNS. Computes the resulting
 * record sets.
 */
import ipaddr from 'ipaddr.js';
import { isHostName } from '../../kernel/host-name.js';
import type { RrSet, Zone, ZoneComment, ZoneRecord } from './zone.js';
import { isFields } from '../../kernel/is-fields.js';

/** An error that becomes a response with status 422 and the body `{error}`. */
export class Unprocessable extends Error {}

/** The PowerDNS record types that tests need. Names such as `TYPE65280` are accepted as well. */
const TYPES = [
  ...['A', 'AAAA', 'CAA', 'CNAME', 'DNAME', 'DS', 'HTTPS', 'MX', 'NAPTR', 'NS', 'PTR', 'SOA', 'SRV', 'SSHFP'],
  ...['SVCB', 'TLSA', 'TXT'],
];
const NAME = /^(?:\*\.)?(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)+$/;

type Fields = Record<string, unknown>;

/**
 * Returns the changed record sets. If a set in the result has no records and no comments, the caller must remove it.
 * Throws `Unprocessable`; in this case, nothing has changed.
 */
export function readPatch(body: unknown, zone: Zone, now: () => number): RrSet[] {
  const wanted = isFields(body) ? body['rrsets'] : undefined;
  if (!Array.isArray(wanted)) throw new Unprocessable('No rrsets given in update request');
  const seen = new Set<string>();
  return wanted.map((entry: unknown) => {
    const fields = isFields(entry) ? entry : {};
    const name = text(fields, 'name').toLowerCase();
    const type = text(fields, 'type').toUpperCase();
    const changetype = text(fields, 'changetype').toUpperCase();
    assertName(name, type, zone);
    const label = `${name}|${type}|${changetype}`;
    if (seen.has(label))
      throw new Unprocessable(`Duplicate RRset ${name} IN ${type} with changetype: ${changetype}`);
    seen.add(label);
    if (changetype === 'DELETE') return { name, type, ttl: 0, records: [], comments: [] };
    if (changetype !== 'REPLACE') throw new Unprocessable('Changetype not understood');
    return replaced(name, type, fields, zone, now);
  });
}

function replaced(name: string, type: string, fields: Fields, zone: Zone, now: () => number): RrSet {
  const known = zone.find(name, type);
  if (fields['records'] === undefined && fields['comments'] === undefined)
    throw new Unprocessable('No change for RRset ' + `${name} IN ${type}`);
  const records =
    fields['records'] === undefined
      ? (known?.records ?? [])
      : list(fields, 'records').map((record) => readRecord(name, type, record));
  const comments =
    fields['comments'] === undefined
      ? (known?.comments ?? [])
      : list(fields, 'comments').map((comment) => readComment(comment, now));
  const contents = records.map((record) => record.content);
  const twice = contents.find((content, index) => contents.indexOf(content) !== index);
  if (twice !== undefined)
    throw new Unprocessable(`Duplicate record in RRset ${name} IN ${type} with content "${twice}"`);
  if (records.length > 0) assertAlone(name, type, records, zone);
  const ttl = fields['records'] === undefined ? (known?.ttl ?? 0) : integer(fields, 'ttl');
  return { name, type, ttl, records, comments: records.length === 0 ? [] : comments };
}

function assertName(name: string, type: string, zone: Zone): void {
  if (!name.endsWith('.')) throw new Unprocessable(`DNS Name '${name}' is not canonical`);
  if (!NAME.test(name) || name.length > 254)
    throw new Unprocessable(`Name '${name}' contains unsupported characters`);
  if (!TYPES.includes(type) && !/^TYPE\d{1,5}$/.test(type))
    throw new Unprocessable(`RRset ${name} IN ${type}: unknown type given`);
  if (name !== zone.name && !name.endsWith(`.${zone.name}`))
    throw new Unprocessable(`RRset ${name} IN ${type}: Name is out of zone`);
}

function assertAlone(name: string, type: string, records: readonly ZoneRecord[], zone: Zone): void {
  // disabled records do not conflict with other records
  const served = (set: RrSet): boolean => set.records.some(({ disabled }) => !disabled);
  const others = zone.rrsets(name).filter((set) => set.type !== type && served(set));
  const clash = type === 'CNAME' ? others.length > 0 : others.some((set) => set.type === 'CNAME');
  if (clash) throw new Unprocessable(`RRset ${name} IN ${type}: Conflicts with pre-existing RRset`);
  if ((type === 'CNAME' || type === 'DNAME') && records.length > 1)
    throw new Unprocessable(`RRset ${name} IN ${type} has more than one record`);
  const pair = ['NS', 'DNAME'].find((one) => one !== type && ['NS', 'DNAME'].includes(type));
  if (pair !== undefined && name !== zone.name && others.some((set) => set.type === pair))
    throw new Unprocessable(`RRset ${name} IN ${type}: Cannot have both NS and DNAME except in zone apex`);
}

function readRecord(name: string, type: string, value: unknown): ZoneRecord {
  const fields = isFields(value) ? value : {};
  const content = text(fields, 'content');
  const fail = (why: string): never => {
    throw new Unprocessable(`Record ${name}/${type} '${content}': ${why}`);
  };
  if (type === 'A' && !ipaddr.IPv4.isValidFourPartDecimal(content))
    fail(`Parsing record content (try 'pdnsutil check-zone'): unable to parse IP address`);
  if (type === 'AAAA' && !ipaddr.IPv6.isValid(content))
    fail(`Parsing record content (try 'pdnsutil check-zone'): unable to parse IPv6 address`);
  if ((type === 'CNAME' || type === 'NS' || type === 'PTR') && !content.endsWith('.'))
    fail('Not in expected format (parsed as ' + `'${content}.')`);
  if (type === 'TXT') assertText(content, fail);
  const host = type === 'NS' ? content : type === 'MX' ? (/^\d{1,5} (\S+)$/.exec(content)?.[1] ?? '') : '';
  if (
    host !== '' &&
    !(type === 'MX' && host === '.') &&
    !isHostName(host.replace(/\.$/, ''), { leastLabels: 1 })
  )
    throw new Unprocessable(`RRset ${name} IN ${type} non-hostname content ${host}`);
  return { content, disabled: fields['disabled'] === true };
}

/** Accepts a text only in the form that the server uses: quoted strings that are separated by one space. */
function assertText(content: string, fail: (why: string) => never): void {
  const strings = /^(?:"(?:[^"\\]|\\.)*" *)+$/.test(content) ? content.match(/"(?:[^"\\]|\\.)*"/g) : null;
  if (!strings && content.startsWith('"'))
    fail(
      `Parsing record content (try 'pdnsutil check-zone'): Data field in DNS should end on a quote (") in '${content}'`,
    );
  const parsed = strings ? strings.join(' ') : `"${content}"`;
  if (parsed !== content) fail(`Not in expected format (parsed as '${parsed}')`);
}

function readComment(value: unknown, now: () => number): ZoneComment {
  const fields = isFields(value) ? value : {};
  const at = fields['modified_at'];
  return {
    account: typeof fields['account'] === 'string' ? fields['account'] : '',
    content: text(fields, 'content'),
    modified_at: typeof at === 'number' ? Math.trunc(at) : Math.trunc(now() / 1000),
  };
}

function text(fields: Fields, key: string): string {
  const value = fields[key];
  if (typeof value !== 'string') throw new Unprocessable(`Key '${key}' not present or not a String`);
  return value;
}

function integer(fields: Fields, key: string): number {
  const value = fields[key];
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw new Unprocessable(`Key '${key}' not an Integer or not present`);
  return value;
}

function list(fields: Fields, key: string): unknown[] {
  const value = fields[key];
  if (!Array.isArray(value)) throw new Unprocessable(`Key '${key}' is not an Array`);
  return value;
}
