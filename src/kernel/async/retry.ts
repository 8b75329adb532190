/** Tries again and again while the failure is one that passes by itself. */
import { poll, type Polling } from './poll.js';

/**
 * What the first try that succeeds returns. Throws an error that does not pass at once, else the last one when
 * patience is over.
 */
export async function retry<T>(
  work: () => Promise<T>,
  passes: (error: unknown) => boolean,
  polling: Polling,
): Promise<T> {
  let last: unknown;
  for await (const _ of poll(polling)) {
    try {
      return await work();
    } catch (error) {
      if (!passes(error)) throw error;
      last = error;
    }
  }
  throw last;
}
