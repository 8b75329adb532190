/** What a start changes in the folder waits until everything was read: a state that this release must not use is left as it was found. */

/** Keeps the work for the end of the start. */
export type Later = (work: () => Promise<void>) => void;

export function afterReading(): { readonly later: Later; readonly run: () => Promise<void> } {
  const kept: (() => Promise<void>)[] = [];
  return {
    later: (work) => void kept.push(work),
    run: async () => {
      for (const work of kept.splice(0)) await work();
    },
  };
}
