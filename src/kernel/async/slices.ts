/**
 * Shares the main thread between long or numerous pieces of work: together they get 10 ms of each turn of the event
 * loop. The rest waits for the next turn, in the order of arrival, so that all other work runs in between.
 */

/**
 * To be called before a call begins, and between two items of a long list. Undefined: continue; otherwise await the
 * promise.
 */
export type Rest = () => Promise<void> | undefined;

const SLICE_MS = 10;

export class Slices {
  readonly #monotonic: () => number;
  #waiting: (() => void)[] = [];
  /** When this turn's share is used up; undefined: the share was not requested yet. */
  #until: number | undefined;

  /** `monotonic`: milliseconds. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  readonly rest: Rest = () => {
    const now = this.#monotonic();
    if (this.#until === undefined) this.#begin(now);
    else if (now >= this.#until) return new Promise((resolve) => this.#waiting.push(resolve));
    return undefined;
  };

  #begin(now: number): number {
    setImmediate(() => void this.#nextTurn());
    return (this.#until = now + SLICE_MS);
  }

  async #nextTurn(): Promise<void> {
    const waiting = this.#waiting;
    this.#until = undefined;
    if (waiting.length === 0) return;
    this.#waiting = [];
    const until = this.#begin(this.#monotonic());
    let woken = 0;
    while (woken < waiting.length && this.#monotonic() < until) {
      waiting[woken]?.();
      woken += 1;
      await untilDone();
    }
    // work that began to wait in the meantime goes after the work that waited before
    this.#waiting = [...waiting.slice(woken), ...this.#waiting];
  }
}

/** Resolves when the resumed work has run as far as it can without waiting. */
function untilDone(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** For code that shares its thread with no other work. */
export const noRest: Rest = () => undefined;
