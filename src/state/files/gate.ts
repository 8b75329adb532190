/** Allows any number of changes at once, or none while an operation needs an unchanging folder. */

export class Gate {
  #inside = 0;
  #closed: Promise<void> | undefined;
  #empty = (): void => {};

  /** Must not be nested: an inner pass would wait for the outer one once the gate is about to close. */
  async pass<T>(work: () => Promise<T>): Promise<T> {
    while (this.#closed) await this.#closed;
    this.#inside += 1;
    try {
      return await work();
    } finally {
      this.#inside -= 1;
      if (this.#inside === 0) this.#empty();
    }
  }

  /** Waits until all passes have ended; new ones wait until `work` has ended. */
  async close<T>(work: () => Promise<T>): Promise<T> {
    while (this.#closed) await this.#closed;
    let open = (): void => {};
    this.#closed = new Promise((resolve) => (open = resolve));
    try {
      if (this.#inside > 0) await new Promise<void>((resolve) => (this.#empty = resolve));
      return await work();
    } finally {
      this.#empty = () => {};
      this.#closed = undefined;
      open();
    }
  }
}
