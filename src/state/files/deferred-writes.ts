/**
 * Defers the changes of a start until everything has been read, so that a state which this release must not use stays
 * unchanged.
 */

/** Defers the work to the end of the start. */
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
