/**
 * Defers the changes that a start makes until all documents have been read. If it turns out that this release must not
 * use the state folder, the folder is still unchanged.
 */

/** Runs the work at the end of the start. */
export type DeferWrite = (work: () => Promise<void>) => void;

export function afterReading(): { readonly later: DeferWrite; readonly run: () => Promise<void> } {
  const kept: (() => Promise<void>)[] = [];
  return {
    later: (work) => void kept.push(work),
    run: async () => {
      for (const work of kept.splice(0)) await work();
    },
  };
}
