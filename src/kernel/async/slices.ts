/**
 * Limits the main-thread time of long or numerous tasks: together they get 10 ms in each turn of the event loop. Tasks
 * that do not fit wait for the next turn, in the order in which they arrived, so that all other work runs in between.
 */

/**
 * Call this before a long call, and between two items of a long list. If it returns a promise, await it; if it returns
 * undefined, continue.
 */
export type Rest = () => Promise<void> | undefined;

const SLICE_MS = 10;

export class Slices {
  readonly #monotonic: () => number;
  #waiting: (() => void)[] = [];
  /** Time at which this turn's share is used up. Undefined until the first task of the turn requests a share. */
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
    // tasks that began to wait in the meantime are queued behind the tasks that waited already
    this.#waiting = [...waiting.slice(woken), ...this.#waiting];
  }
}

/** Resolves when the resumed work has run as far as it can without waiting. */
function untilDone(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/** Never pauses. For code in a thread that does no other work. */
export const noRest: Rest = () => undefined;
