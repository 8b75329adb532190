/**
 * Waits for the end of something that may hang: a child, a connection, our own work when we stop. By the process's
 * own timers, whatever clock the rest has.
 */

/** The value of `work` when it is there within `ms`, else `undefined`; never rejects, and leaves no timer behind. */
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
