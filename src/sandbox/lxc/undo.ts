/** Closes everything that was opened, in reverse order. If one step fails, the remaining steps are still tried. */
export class Undo {
  readonly #steps: (() => Promise<unknown>)[] = [];

  add(step: () => Promise<unknown>): void {
    this.#steps.push(step);
  }

  /** Tries all steps. If any of them failed, then rejects with the first error. A second call does nothing. */
  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps.splice(0).reverse()) {
      try {
        await step();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `closing failed: ${String(failures[0])}`);
  }
}
