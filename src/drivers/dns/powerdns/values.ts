/**
 * Record values between our form (bare) and PowerDNS's (names with a final dot, quoted text), so that equal values
 * compare equal.
 */
import ipaddr from 'ipaddr.js';
import { isHostName } from '../../../kernel/host-name.js';
import type { RecordType } from '../../../model/zone-record.js';

type Type = RecordType;

const MX = /^(\d{1,5}) (\S+)$/;

const TEXT_CHUNK_BYTES = 255;

export function isName(name: string): boolean {
  return isHostName(name, { underscores: true, leastLabels: 1 });
}

/** Throws RangeError for what is no value of this type. */
export function toContent(type: Type, value: string): string {
  if (type === 'A' && ipaddr.IPv4.isValidFourPartDecimal(value)) return ipaddr.parse(value).toString();
  if (type === 'AAAA' && !value.includes('%') && ipaddr.IPv6.isValid(value))
    return ipaddr.parse(value).toString();
  if ((type === 'CNAME' || type === 'NS') && isName(value.toLowerCase())) return `${value.toLowerCase()}.`;
  const [, priority, exchange = ''] = type === 'MX' ? (MX.exec(value) ?? []) : [];
  if (Number(priority) <= 65_535 && isName(exchange.toLowerCase()))
    return `${Number(priority)} ${exchange.toLowerCase()}.`;
  if (type === 'TXT') return quoteText(value);
  throw new RangeError(`not a value of ${type}: ${JSON.stringify(value)}`);
}

/** The bare form of what the server answers; unknown forms stay as they are. */
export function fromContent(type: Type, content: string): string {
  if (type === 'CNAME' || type === 'NS' || type === 'MX') return content.toLowerCase().replace(/\.$/, '');
  if (type === 'TXT') return unquoteText(content);
  return ipaddr.isValid(content) ? ipaddr.parse(content).toString() : content;
}

function quoteText(value: string): string {
  const bytes = Buffer.from(value, 'utf8');
  const chunks: string[] = [];
  for (let start = 0; start === 0 || start < bytes.length; start += TEXT_CHUNK_BYTES) {
    chunks.push(`"${escapeBytes(bytes.subarray(start, start + TEXT_CHUNK_BYTES))}"`);
  }
  return chunks.join(' ');
}

function escapeBytes(bytes: Buffer): string {
  return [...bytes]
    .map((byte) => {
      if (byte === 0x22 || byte === 0x5c) return `\\${String.fromCharCode(byte)}`;
      return byte < 0x20 || byte > 0x7e ? `\\${String(byte).padStart(3, '0')}` : String.fromCharCode(byte);
    })
    .join('');
}

function unquoteText(content: string): string {
  const bytes: number[] = [];
  for (const [, chunk = ''] of content.matchAll(/"((?:[^"\\]|\\.)*)"/gs)) {
    for (const [piece, number, char] of chunk.matchAll(/\\(\d{3})|\\(.)|[^\\]/gsu)) {
      if (number !== undefined) bytes.push(Number(number));
      else bytes.push(...Buffer.from(char ?? piece, 'utf8'));
    }
  }
  return Buffer.from(bytes).toString('utf8');
}
