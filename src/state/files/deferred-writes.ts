/**
 * What a start changes in the folder waits until everything was read: a state that this release must not use is left
 * as it was found.
 */

/** Keeps the work for the end of the start. */
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
