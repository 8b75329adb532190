/** What a command says when it cannot do its work, and with which exit code the process ends. */

/** The message is one sentence for the person at the terminal. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

/**
 * 0 done; 1 not done; 2 the command was not understood; 78 the daemon's configuration cannot be used, starting it
 * again does not help.
 */
export const EXIT = { done: 0, failed: 1, usage: 2, config: 78 } as const;

/** The sentence (or, for a configuration, the list of problems) that goes to standard error; never a stack. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const detail: unknown = Reflect.get(error, 'detail');
  return typeof detail === 'string' && detail !== '' ? `${error.message} (${detail})` : error.message;
}
