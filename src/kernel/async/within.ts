/**
 * Waits a limited time for something that may hang: a child process, a connection, the agent's own work during a stop.
 * The limit always uses Node's timers, even where other code uses an injected clock.
 */

/** The value of `work` if it settles within `ms`, else `undefined`. Never rejects, and leaves no timer behind. */
export async function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work.catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
