/** The sleep of somebody who looks again and again, and whom others may wake: something has changed. */
import type { Clock } from '../clock.js';
import { anySignal } from './any-signal.js';
import { pause } from './pause.js';

export class Alarm {
  #rung = false;
  #wake = (): void => {};

  /**
   * Ends the sleep under way, or the next one before it begins: what changed during a look may have been missed by
   * it.
   */
  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  /** Returns after `ms`, when it rings, or when the signal aborts. One sleeper at a time. */
  async sleep(
    clock: Pick<Clock, 'sleep'>,
    ms: number,
    signal: AbortSignal,
    background = false,
  ): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    if (this.#rung) this.#wake();
    const over = anySignal(signal, woken.signal);
    try {
      await pause(clock, ms, over.signal, background);
    } finally {
      over.release();
      this.#rung = false;
    }
  }
}
