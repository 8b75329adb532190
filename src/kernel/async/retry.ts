/** Retries work while its failures are temporary. */
import { poll, type Polling } from './poll.js';

/**
 * Returns the result of the first successful try. Throws a permanent error at once, and the last temporary error when
 * the time for retries has passed.
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
