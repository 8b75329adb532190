/** What counts as an e-mail address of a customer, and when two are the same one. */
import { domainToASCII } from 'node:url';

export interface Email {
  /** Before the `@`, as sent. */
  readonly localPart: string;
  /** Lower-case A-labels. */
  readonly domain: string;
  /** Both, ready to be kept and compared: the domain folded, the local part as sent. */
  readonly address: string;
}

// Dot-atoms only; letters and digits of any script (RFC 6531). Quoted local parts are legal mail but no panel sends them.
const LOCAL_PART = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** A host name of at least two labels in lower-case A-labels, or undefined when it is none. A trailing dot is dropped. */
export function parseHostName(text: string): string | undefined {
  const name = domainToASCII(text.replace(/\.$/, ''));
  const labels = name.split('.');
  const legal = name.length <= 253 && labels.length >= 2 && labels.every((label) => LABEL.test(label));
  return legal && !/^\d+$/.test(labels.at(-1) ?? '') ? name : undefined;
}

/** The address taken apart, or undefined when it is not one. */
export function parseEmail(text: string): Email | undefined {
  if (text.length > 254) return undefined;
  const at = text.lastIndexOf('@');
  const localPart = text.slice(0, at);
  if (at < 1 || Buffer.byteLength(localPart) > 64 || !LOCAL_PART.test(localPart)) return undefined;
  // domainToASCII drops characters such as tabs and soft hyphens: what was sent must not hold any
  const sent = text.slice(at + 1);
  if (/[\s\p{C}%/\\:?#@[\]]/u.test(sent)) return undefined;
  const domain = parseHostName(sent);
  return domain === undefined ? undefined : { localPart, domain, address: `${localPart}@${domain}` };
}
