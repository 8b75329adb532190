/**
 * Shares the main thread between whatever is long or comes in large numbers: all of it together gets 10 ms of a turn of
 * the event loop. What is left waits for the next turn, the longest waiting first, and whoever is not counted here has
 * his turn in between.
 */

/**
 * To be asked before a call is begun, and between two items of a long list. Undefined: go on; else to be waited for.
 */
export type Rest = () => Promise<void> | undefined;

const SLICE_MS = 10;

export class Slices {
  readonly #monotonic: () => number;
  #waiting: (() => void)[] = [];
  /** When this turn's share is used up; undefined: nobody has asked for any yet. */
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
    // what has begun to wait meanwhile comes behind those that waited before
    this.#waiting = [...waiting.slice(woken), ...this.#waiting];
  }
}

/** The work that was resumed has run as far as it can without waiting. */
function untilDone(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** Where nobody else waits for the thread. */
export const noRest: Rest = () => undefined;
