/** Parses host names from users and other systems. No other code parses them. */
// eslint-disable-next-line no-restricted-syntax -- its result is compared with the label
import { domainToASCII, domainToUnicode } from 'node:url';

export interface HostNameForm {
  /**
   * Labels may contain `_` in any position, as in names of DNS records and targets of aliases. Default false.
   */
  readonly underscores?: boolean;
  /** The first label may be `*`. Default false. */
  readonly wildcard?: boolean;
  /** Default 2. */
  readonly leastLabels?: number;
}

const LONGEST = 253;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const LABEL_WITH_UNDERSCORES = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
/** If the last label matches this, URL parsers read the whole name as an IP address (WHATWG: "ends in a number"). */
const NUMBER = /^(?:\d+|0x[0-9a-f]*)$/;
/** Characters that input methods produce for the dot between labels. */
const OTHER_DOTS = /[\u3002\uff0e\uff61]/gu;
const ASCII = /^[\x20-\x7e]*$/;

/**
 * Returns the name in lower-case A-labels without a final dot, or undefined if the text is not a host name. The parser
 * removes surrounding blanks and one final dot, and normalizes the case and width of characters. Nothing else is ever
 * cut off, dropped or decoded.
 */
export function readHostName(text: string, form: HostNameForm = {}): string | undefined {
  const labels = canonical(text).split('.');
  const read = labels.map((label, n) =>
    form.wildcard && n === 0 && label === '*' ? label : readLabel(label),
  );
  const pattern = form.underscores ? LABEL_WITH_UNDERSCORES : LABEL;
  const legal = read.every((label, n) => pattern.test(label) || (form.wildcard && n === 0 && label === '*'));
  const name = read.join('.');
  if (!legal || name.length > LONGEST || labels.length < (form.leastLabels ?? 2)) return undefined;
  return NUMBER.test(read.at(-1) ?? '') ? undefined : name;
}

/** Whether the name ends with a dot, that is, is absolute. */
export function isAbsolute(text: string): boolean {
  return /[.\u3002\uff0e\uff61]$/u.test(text.trim());
}

/** Whether the text is a host name in the canonical form that `readHostName` returns. */
export function isHostName(text: string, form: HostNameForm = {}): boolean {
  return readHostName(text, form) === text;
}

function canonical(text: string): string {
  const plain = text.trim().replace(OTHER_DOTS, '.').replace(/\.$/, '');
  if (ASCII.test(plain)) return plain.toLowerCase();
  // converted to lower case letter by letter, because in a whole word a capital sigma at the end would become a
  // different letter than a capital sigma in another place
  return plain
    .normalize('NFKC')
    .replace(/./gsu, (letter) => letter.toLowerCase())
    .normalize('NFKC');
}

/** Returns an empty text for an invalid label. */
function readLabel(label: string): string {
  if (ASCII.test(label)) return label.startsWith('xn--') && !isALabel(label) ? '' : label;
  // domainToASCII drops some characters, such as variation selectors, and cuts the text at characters that end a host
  // in a URL. The result is therefore compared with the label.
  const read = domainToASCII(label);
  return isALabel(read) && domainToUnicode(read) === label ? read : '';
}

function isALabel(label: string): boolean {
  return label.startsWith('xn--') && domainToASCII(label) === label && domainToUnicode(label) !== label;
}
