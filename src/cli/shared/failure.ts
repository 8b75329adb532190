/** What a command prints when it fails, and the exit code of the process. */

/** The message is one sentence for the user at the terminal. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

/**
 * 0 success; 1 failure; 2 invalid command line; 78 the daemon's configuration is invalid, so a restart does not help.
 */
export const EXIT = { done: 0, failed: 1, usage: 2, config: 78 } as const;

/** The sentence (for a configuration: the list of problems) that goes to standard error; never a stack trace. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const detail: unknown = Reflect.get(error, 'detail');
  return typeof detail === 'string' && detail !== '' ? `${error.message} (${detail})` : error.message;
}
