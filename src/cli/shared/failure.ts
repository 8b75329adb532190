/** Determines which message a failed command prints, and which exit code the process has. */

/** An error whose message is one sentence for the user at the terminal. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

/**
 * 0: success. 1: failure. 2: the command line is invalid. 78: the daemon's configuration is invalid, so a restart
 * would not help.
 */
export const EXIT = { done: 0, failed: 1, usage: 2, config: 78 } as const;

/**
 * Returns the text for standard error: a sentence, or the list of problems in a configuration. It never contains a
 * stack trace.
 */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const detail: unknown = Reflect.get(error, 'detail');
  return typeof detail === 'string' && detail !== '' ? `${error.message} (${detail})` : error.message;
}
