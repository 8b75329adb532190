/**
 * Converts record values between the agent's form (names without a final dot, text without quotation marks) and
 * PowerDNS's form (names with a final dot, text in quoted strings), so that equal values can be recognized as equal.
 */
import ipaddr from 'ipaddr.js';
import { isHostName } from '../../../kernel/host-name.js';
import { canonicalText, readText, writeStrings } from '../../../model/master-file-text.js';
import { NULL_MX, type RecordType } from '../../../model/zone-record.js';

type Type = RecordType;

const MX = /^(\d{1,5}) (\S+)$/;

export function isName(name: string): boolean {
  return isHostName(name, { underscores: true, leastLabels: 1 });
}

/** Throws RangeError or UnreadableText if the value is invalid for this type. */
export function toContent(type: Type, value: string): string {
  if (type === 'A' && ipaddr.IPv4.isValidFourPartDecimal(value)) return ipaddr.parse(value).toString();
  if (type === 'AAAA' && !value.includes('%') && ipaddr.IPv6.isValid(value))
    return ipaddr.parse(value).toString();
  if ((type === 'CNAME' || type === 'NS') && isName(value.toLowerCase())) return `${value.toLowerCase()}.`;
  const [, priority, exchange = ''] = type === 'MX' ? (MX.exec(value) ?? []) : [];
  if (Number(priority) === 0 && exchange === '.') return NULL_MX;
  if (Number(priority) <= 65_535 && isName(exchange.toLowerCase()))
    return `${Number(priority)} ${exchange.toLowerCase()}.`;
  if (type === 'TXT') return writeStrings(readText(value));
  throw new RangeError(`not a value of ${type}: ${JSON.stringify(value)}`);
}

/** Converts a value from the server to the agent's form. Values of an unknown form stay unchanged. */
export function fromContent(type: Type, content: string): string {
  // a single dot is the name of the root, which is the value of a null MX record; it must not be removed
  if (type === 'CNAME' || type === 'NS' || type === 'MX')
    return content.toLowerCase().replace(/(?<=\S)\.$/, '');
  if (type === 'TXT') return textOf(content);
  return ipaddr.isValid(content) ? ipaddr.parse(content).toString() : content;
}

function textOf(content: string): string {
  try {
    return canonicalText(content);
  } catch {
    return content;
  }
}
