/** Processes the items of a list concurrently, with a limit on how many run at once. */

/** Rejects with the first error, but only after all items in progress have settled. */
export async function forEachConcurrent<T>(
  items: readonly T[],
  atOnce: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  let failed: { error: unknown } | undefined;
  const line = async (): Promise<void> => {
    for (const item of queue) {
      if (failed) return;
      try {
        await work(item);
      } catch (error) {
        failed ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, line));
  if (failed) throw failed.error;
}
