/**
 * Cleans and shortens text from other systems before it is stored or shown. No other code does this. Text from a remote
 * system, a name server or a module may be hostile, or megabytes long.
 */

const MOST = 300;
/**
 * Number of characters kept from the end of a text that is too long. Scripts report a problem at the end of their
 * output, all other programs at the beginning, so both ends are kept.
 */
const TAIL = 180;

const MOST_SENTENCE = 600;
const MOST_DETAIL = 4_000;
const MOST_READ = 8_192;
const MOST_NAMED = 5;

const UNFIT = /[\p{C}\p{Zl}\p{Zp}<>]/u;
const UNPRINTABLE = /[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/u;
const UNPRINTABLE_ALL = /[^\P{C}\n\t]|[\p{Zl}\p{Zp}]/gu;
const ANSI = /\u001b\[[0-9;?]*[A-Za-z]/g;
const STACK = /^\s+at .*$/gm;
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]+-----[^]*?(-----END [A-Z ]+-----|$)/g, '(key)'],
  [/(PVEAPIToken=[^=\s]+=)\S+/g, '$1...'],
  [/\b(bearer|basic) +[A-Za-z0-9+/_=.~-]{8,}/gi, '$1 ...'],
  [
    /((?<![A-Za-z])(?:password|passwd|pwd|secret|token|api[-_]?key|cookie|ticket)["']?\s*[=:]\s*)("[^"]*"|'[^']*'|[^\s,;&]+)/gi,
    '$1...',
  ],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, '$1...@'],
];

/** Converts text from other systems to one line for people, without control characters, stack traces and secrets. */
export function cleaned(text: string, most = MOST): string {
  const plain = withoutSecrets(ends(text).replace(ANSI, '').replace(STACK, ''));
  return shortened(plain.replace(/[\p{C}\s]+/gu, ' ').trim(), most);
}

/** Replaces passwords, tokens and keys in the text. The length of the text is not limited. */
export function withoutSecrets(text: string): string {
  return SECRETS.reduce((sofar, [pattern, instead]) => sofar.replace(pattern, instead), text);
}

/**
 * Cleans a sentence for customers that may contain text from other systems. The result is one line without control
 * characters and markup.
 */
export function sentenceOf(text: string, most = MOST_SENTENCE): string {
  if (text.length <= most && !UNFIT.test(text)) return text;
  const line = ends(text)
    .replace(ANSI, '')
    .replace(/[\p{C}\s]+/gu, ' ')
    .replaceAll('<', '\u2039')
    .replaceAll('>', '\u203a')
    .trim();
  return shortened(line, most);
}

/**
 * Cleans detail text for operators. Line breaks stay; other control characters and the middle of a long text are
 * removed.
 */
export function detailOf(text: string, most = MOST_DETAIL): string {
  if (text.length <= most && !UNPRINTABLE.test(text)) return text;
  return shortened(ends(text).replace(ANSI, '').replace(UNPRINTABLE_ALL, ''), most);
}

/** Joins words as `a, b and c`. A long list is shortened to the first five words and the number of the others. */
export function listOf(words: readonly string[], last = 'and'): string {
  const named = words.length > MOST_NAMED + 1 ? words.slice(0, MOST_NAMED) : words;
  const more = words.length - named.length;
  const all = more > 0 ? [...named, `${more} more`] : named;
  if (all.length < 2) return all[0] ?? '';
  return `${all.slice(0, -1).join(', ')} ${last} ${all.at(-1) ?? ''}`;
}

function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  const letters = Array.from(text);
  if (letters.length <= most) return text;
  const tail = Math.min(TAIL, Math.floor(most / 2));
  return `${letters.slice(0, most - tail - 5).join('')} ... ${letters.slice(-tail).join('')}`;
}

/** Keeps both ends of a text that is megabytes long, so that the middle is not processed. */
function ends(text: string): string {
  return text.length <= 2 * MOST_READ ? text : `${text.slice(0, MOST_READ)} ... ${text.slice(-MOST_READ)}`;
}
