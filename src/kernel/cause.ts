/**
 * The cause of a failure in the remote system's own words, because operators search for them. The text is cleaned and
 * shortened, and contains no secrets.
 */
import type { ErrorRecord } from './errors.js';
import { cleaned } from './text.js';

/** `The container host reported a failure: clone failed: no space left`. A sentence without the full stop. */
export function causeOf({ message, detail }: Pick<ErrorRecord, 'message' | 'detail'>): string {
  const sentence = cleaned(message).replace(/\.$/, '');
  const said = cleaned(detail ?? '').replace(/\.$/, '');
  return said === '' || said === sentence ? sentence : `${sentence}: ${said}`;
}

/** Text to append to a sentence, for example ` At the step "container": ...`. Empty when there is no error. */
export function whyOf(
  error: (Pick<ErrorRecord, 'message' | 'detail'> & { readonly step?: string }) | undefined,
): string {
  if (!error) return '';
  const cause = `${causeOf(error)}.`;
  return error.step ? ` At the step "${error.step}": ${cause}` : ` ${cause}`;
}
