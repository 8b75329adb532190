/** Decides which texts are e-mail addresses of customers, and which two addresses are the same. */
import { readHostName } from '../kernel/host-name.js';

export interface Email {
  /** Before the `@`, as sent. */
  readonly localPart: string;
  /** Lower-case A-labels. */
  readonly domain: string;
  /**
   * The whole address in the form that is stored and compared: the domain in canonical form, the local part as sent.
   */
  readonly address: string;
}

// Only dot-atoms are accepted, with letters and digits of any script (RFC 6531). Quoted local parts are valid in mail,
// but no panel sends them.
const LOCAL_PART = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;

/** The parsed address, or undefined when the text is not an e-mail address. */
export function parseEmail(text: string): Email | undefined {
  if (text.length > 254) return undefined;
  const at = text.lastIndexOf('@');
  const localPart = text.slice(0, at);
  if (at < 1 || Buffer.byteLength(localPart) > 64 || !LOCAL_PART.test(localPart)) return undefined;
  const sent = text.slice(at + 1);
  const domain = sent === sent.trim() ? readHostName(sent) : undefined;
  return domain === undefined ? undefined : { localPart, domain, address: `${localPart}@${domain}` };
}
