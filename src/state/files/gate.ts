/** Lets any number of changes through at once, or none at all while somebody looks at the whole. */

export class Gate {
  #inside = 0;
  #closed: Promise<void> | undefined;
  #empty = (): void => {};

  /** Not to be nested: a pass inside of another would wait for itself once the gate is to be closed. */
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

  /** Waits until all are out, and keeps the others waiting until `work` has ended. */
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
