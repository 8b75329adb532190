/**
 * Reads and writes TXT data in the master-file format (RFC 1035, section 5.1) for panels, DNS servers and the sandbox.
 * It reads two forms:
 *
 * - Quoted strings: `"v=spf1 " "-all"`, with or without blanks between them, with comments, and over several lines in
 *   parentheses.
 * - Unquoted text, read as one string with its blanks and semicolons: `v=DMARC1; p=none`. In a master file, such text
 *   would end at the semicolon and be split at blanks. A customer who types a value into a form expects neither.
 *
 * Both forms support the escapes `\DDD` (one byte) and `\X`. Invalid text is refused; the code never guesses what was
 * meant.
 */

/** Longest string of a TXT record, in bytes. */
const STRING_BYTES = 255;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** `message` states the problem and its position. Callers append it to a sentence, so it has no full stop. */
export class UnreadableText extends Error {}

/** The strings of the record, each of at most 255 bytes; longer ones are split. Throws `UnreadableText`. */
export function readText(text: string): Buffer[] {
  const first = text.search(/[^ \t\r\n]/);
  if (first < 0) throw new UnreadableText('the text is empty');
  const isQuoted = text[first] === '"' || text[first] === '(';
  const strings = isQuoted ? quotedStrings(text, first) : [plainText(text, first)];
  return strings.flatMap(split);
}

/** `"one" "two"`, in ASCII, as servers accept it. */
export function writeStrings(strings: readonly Buffer[]): string {
  return strings.map((bytes) => `"${escaped(bytes)}"`).join(' ');
}

/** The text for display: unquoted if `readText` would read the same value from it, else quoted. */
export function showText(strings: readonly Buffer[]): string {
  const bytes = Buffer.concat(strings);
  const plain = plainOf(bytes);
  return plain ?? writeStrings(split(bytes));
}

/** The canonical form of a text. Throws `UnreadableText`. */
export function canonicalText(text: string): string {
  return showText(readText(text));
}

function split(bytes: Buffer): Buffer[] {
  if (bytes.length <= STRING_BYTES) return [bytes];
  const count = Math.ceil(bytes.length / STRING_BYTES);
  return Array.from({ length: count }, (_, n) => bytes.subarray(n * STRING_BYTES, (n + 1) * STRING_BYTES));
}

function escaped(bytes: Buffer): string {
  return [...bytes]
    .map((byte) => {
      if (byte === QUOTE || byte === BACKSLASH) return `\\${String.fromCharCode(byte)}`;
      return byte < 0x20 || byte > 0x7e ? `\\${String(byte).padStart(3, '0')}` : String.fromCharCode(byte);
    })
    .join('');
}

const NOT_PLAIN = /^[ (]|["\\\p{Cc}]| $/u;

function plainOf(bytes: Buffer): string | undefined {
  const text = bytes.toString('utf8');
  const isText = text !== '' && !NOT_PLAIN.test(text) && Buffer.from(text).equals(bytes);
  return isText ? text : undefined;
}

function plainText(text: string, first: number): Buffer {
  const parts: Buffer[] = [];
  let kept = 0;
  for (let at = first; at < text.length;) {
    const char = text[at] ?? '';
    if (/[\t\r\n]/.test(char)) {
      if (/^[ \t\r\n]*$/.test(text.slice(at))) break;
      if (char !== '\t')
        throw wrong(
          'the text contains an unquoted line break; use quotes and parentheses for several lines',
          at,
        );
    }
    if (char === '"') throw wrong('unquoted text contains a quotation mark; write \\"', at);
    const { bytes, next } = letterAt(text, at);
    parts.push(bytes);
    // trailing blanks are ignored, unless they are escaped
    if (next - at > 1 || char !== ' ') kept = parts.length;
    at = next;
  }
  return Buffer.concat(parts.slice(0, kept));
}

function quotedStrings(text: string, first: number): Buffer[] {
  const strings: Buffer[] = [];
  let opened: number | undefined;
  let isOver = false;
  for (let at = first; at < text.length;) {
    const char = text[at] ?? '';
    const from = at;
    at += 1;
    if (char === ' ' || char === '\t') continue;
    if (char === ';') {
      at = lineEnd(text, at);
    } else if (char === '\r' || char === '\n') {
      isOver = opened === undefined;
    } else if (isOver) {
      throw wrong('text continues on another line; use parentheses for several lines', from);
    } else if (char === '(') {
      if (opened !== undefined) throw wrong('a second parenthesis is opened', from);
      opened = from;
    } else if (char === ')') {
      if (opened === undefined)
        throw wrong('a closing parenthesis has no matching opening parenthesis', from);
      opened = undefined;
    } else if (char === '"') {
      const { bytes, next } = stringAt(text, at);
      strings.push(bytes);
      at = next;
    } else throw wrong('a quotation mark is expected', from);
  }
  if (opened !== undefined) throw wrong('a parenthesis is not closed', opened);
  if (strings.length === 0) throw new UnreadableText('there is no quoted string');
  return strings;
}

function lineEnd(text: string, at: number): number {
  const rest = text.slice(at).search(/[\r\n]/);
  return rest < 0 ? text.length : at + rest;
}

/** Reads from after the opening quotation mark to after the closing one. */
function stringAt(text: string, start: number): { readonly bytes: Buffer; readonly next: number } {
  const parts: Buffer[] = [];
  for (let at = start; at < text.length;) {
    const char = text[at] ?? '';
    if (char === '"') return { bytes: Buffer.concat(parts), next: at + 1 };
    if (char === '\r' || char === '\n') throw wrong('a quoted string contains a line break', at);
    const { bytes, next } = letterAt(text, at);
    parts.push(bytes);
    at = next;
  }
  throw wrong('a quotation mark is not closed', start - 1);
}

/** One character, plain or escaped. */
function letterAt(text: string, at: number): { readonly bytes: Buffer; readonly next: number } {
  const [, number, escape] = /^\\(?:(\d{1,3})|([^])?)/u.exec(text.slice(at, at + 4)) ?? [];
  if (number !== undefined) {
    if (number.length < 3 || Number(number) > 255)
      throw wrong('a backslash and a digit must start a number from 000 to 255', at);
    return { bytes: Buffer.of(Number(number)), next: at + 4 };
  }
  const isEscape = text[at] === '\\';
  const letter = isEscape ? (escape ?? '') : String.fromCodePoint(text.codePointAt(at) ?? 0);
  if (letter === '') throw wrong('the text ends after a backslash', at);
  if (/[\p{Cc}\p{Cs}]/u.test(letter)) throw wrong('a control character must be written as \\DDD', at);
  return { bytes: Buffer.from(letter), next: at + (isEscape ? 1 : 0) + letter.length };
}

function wrong(what: string, at: number): UnreadableText {
  return new UnreadableText(`${what} (character ${at + 1})`);
}
