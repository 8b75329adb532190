/** Patterns for names and addresses in the configuration. */
import ipaddr from 'ipaddr.js';
import { canonicalAddress } from '../model/address-pool.js';
import { isHostName, readHostName } from '../kernel/host-name.js';

export const ID = '^[A-Za-z0-9_][A-Za-z0-9._-]{0,63}$';
/** One label of a domain name, lower case. */
export const LABEL = '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$';
export const ADDRESS_EXPECTED = 'an IPv4 or IPv6 address';
export const NETWORK_EXPECTED = 'an IPv4 or IPv6 address, or a network like 10.0.0.0/8';

/** The maximum length of a base domain, so that a subdomain of 63 letters fits in front of it. */
const LONGEST_DOMAIN = 189;
/**
 * Accepts domain names of at least two labels in lower case, without a final dot. Names in other scripts must be
 * written as A-labels.
 */
export const isDomain = (text: string): boolean => text.length <= LONGEST_DOMAIN && isHostName(text);
export const HOST_EXPECTED = 'a host name or an address';
export const isHost = (text: string): boolean =>
  isAddress(text) || readHostName(text, { underscores: true, leastLabels: 1 }) !== undefined;
export const isAddress = (text: string): boolean => canonicalAddress(text) !== undefined;
/** URLs are shown and logged, so they must not contain pasted credentials. */
export const HTTPS_URL = '^https://[^/@?#\\s]+/?$';
export const HTTP_URL = '^https?://[^/@?#\\s]+(/[^@?#\\s]*)?$';

export function isUrl(text: string): boolean {
  return URL.canParse(text);
}

export function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

export function isNetwork(text: string): boolean {
  return canonicalAddress(text) !== undefined || (text.includes('/') && ipaddr.isValidCIDR(text));
}
