/** The one place that reads host names which somebody else has written. */
// eslint-disable-next-line no-restricted-syntax -- what it makes of a label is compared with the label
import { domainToASCII, domainToUnicode } from 'node:url';

export interface HostNameForm {
  /**
   * Labels may begin and end with `_` or hold it, as the owners of DNS records and the targets of aliases do. Default
   * false.
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
/** A last label that makes an address of the whole name wherever it is used in a URL (WHATWG: "ends in a number"). */
const NUMBER = /^(?:\d+|0x[0-9a-f]*)$/;
/** What input methods type for the dot between labels. */
const OTHER_DOTS = /[\u3002\uff0e\uff61]/gu;
const ASCII = /^[\x20-\x7e]*$/;

/**
 * The name in lower-case A-labels without a final dot, or undefined when the text is no host name. Blanks around it,
 * the letters' case, the width of letters and dots, and one final dot are all that may differ between the two:
 * nothing is ever cut off, dropped or decoded.
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

/** Whether a final dot says that the name is no part of another one. */
export function isAbsolute(text: string): boolean {
  return /[.\u3002\uff0e\uff61]$/u.test(text.trim());
}

/** Whether the text is a host name as `readHostName` writes it. */
export function isHostName(text: string, form: HostNameForm = {}): boolean {
  return readHostName(text, form) === text;
}

function canonical(text: string): string {
  const plain = text.trim().replace(OTHER_DOTS, '.').replace(/\.$/, '');
  if (ASCII.test(plain)) return plain.toLowerCase();
  // letter by letter: a capital sigma at the end of a word would become another letter than elsewhere
  return plain
    .normalize('NFKC')
    .replace(/./gsu, (letter) => letter.toLowerCase())
    .normalize('NFKC');
}

/** An empty text for what is none. */
function readLabel(label: string): string {
  if (ASCII.test(label)) return label.startsWith('xn--') && !isALabel(label) ? '' : label;
  // it drops what it finds without meaning, such as variation selectors, and cuts at what ends a host in a URL: so
  // its result must be the label still
  const read = domainToASCII(label);
  return isALabel(read) && domainToUnicode(read) === label ? read : '';
}

function isALabel(label: string): boolean {
  return label.startsWith('xn--') && domainToASCII(label) === label && domainToUnicode(label) !== label;
}
