/** Allows any number of concurrent changes, but none while an operation needs the folder to stay unchanged. */

export class Gate {
  #inside = 0;
  #closed: Promise<void> | undefined;
  #empty = (): void => {};

  /**
   * Runs a change. Calls must not be nested: when the gate is about to close, the inner call would wait for the end of
   * the outer one.
   */
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

  /** Waits until all changes have ended, then runs `work`. New changes wait until `work` has ended. */
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
