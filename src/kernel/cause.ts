/**
 * Why something failed, in the words of the system that refused it: for operators, who search for exactly those.
 * Cleaned and shortened, without secrets.
 */
import type { ErrorRecord } from './errors.js';
import { cleaned } from './text.js';

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
