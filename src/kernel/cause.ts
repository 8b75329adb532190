/**
 * Why something failed, in the words of the system that refused it: for operators, who search for exactly those.
 * Cleaned and shortened, without secrets.
 */
import type { ErrorRecord } from './errors.js';

const MOST = 300;
/** Of a text that is too long: scripts say at the end what went wrong, everything else says it at the beginning. */
const TAIL = 180;

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

/** What others say, as one line for people: no control characters, no stack, nothing that opens anything. */
export function cleaned(text: string, most = MOST): string {
  const plain = SECRETS.reduce(
    (sofar, [pattern, instead]) => sofar.replace(pattern, instead),
    text.replace(ANSI, '').replace(STACK, ''),
  );
  const line = plain.replace(/[\p{C}\s]+/gu, ' ').trim();
  const letters = Array.from(line);
  if (letters.length <= most) return line;
  const tail = Math.min(TAIL, Math.floor(most / 2));
  return `${letters.slice(0, most - tail - 5).join('')} ... ${letters.slice(-tail).join('')}`;
}

/** `The container host reported a failure: clone failed: no space left`. A sentence without its full stop. */
export function causeOf({ message, detail }: Pick<ErrorRecord, 'message' | 'detail'>): string {
  const sentence = cleaned(message).replace(/\.$/, '');
  const said = cleaned(detail ?? '').replace(/\.$/, '');
  return said === '' || said === sentence ? sentence : `${sentence}: ${said}`;
}

/** ` At the step "container": ...`, to stand behind a sentence; empty when nothing is known. */
export function whyOf(
  error: (Pick<ErrorRecord, 'message' | 'detail'> & { readonly step?: string }) | undefined,
): string {
  if (!error) return '';
  const cause = `${causeOf(error)}.`;
  return error.step ? ` At the step "${error.step}": ${cause}` : ` ${cause}`;
}
