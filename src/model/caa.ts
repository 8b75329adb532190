/** Whether a domain's CAA records allow a certificate authority to issue certificates for it (RFC 8659, RFC 8657). */
import { listOf, sentenceOf } from '../kernel/text.js';

export interface CaaRecord {
  readonly critical: boolean;
  readonly tag: string;
  readonly value: string;
}

const KNOWN_TAGS = ['issue', 'issuewild', 'iodef', 'contactemail', 'contactphone', 'issuemail', 'issuevmc'];

/**
 * @param identities names of the authority, as it documents them; @param method its validation method, for example
 * `http-01`
 */
export function caaAllows(
  records: readonly CaaRecord[],
  identities: readonly string[],
  method: string,
): boolean {
  if (records.some(({ critical, tag }) => critical && !KNOWN_TAGS.includes(tag.toLowerCase()))) return false;
  const issuers = records.filter(({ tag }) => tag.toLowerCase() === 'issue');
  if (issuers.length === 0) return true;
  const ours = identities.map((identity) => identity.toLowerCase());
  return issuers.some(({ value }) => {
    const [issuer = '', ...parameters] = value.split(';').map((part) => part.trim());
    return ours.includes(issuer.toLowerCase()) && parameters.every((parameter) => fits(parameter, method));
  });
}

function fits(parameter: string, method: string): boolean {
  const [name = '', value = ''] = parameter.split('=').map((part) => part.trim());
  if (name.toLowerCase() !== 'validationmethods') return true;
  return value
    .toLowerCase()
    .split(',')
    .map((one) => one.trim())
    .includes(method);
}

/** Maximum number of characters shown of one value. */
const MOST_SHOWN = 100;

/** The records as text for people, for example `0 issue "ca.example.net"`. */
export function caaText(records: readonly CaaRecord[]): string {
  const shown = (text: string): string => sentenceOf(text.replaceAll('"', '?'), MOST_SHOWN);
  return listOf(
    records.map(({ critical, tag, value }) => `${critical ? 128 : 0} ${shown(tag)} "${shown(value)}"`),
  );
}
