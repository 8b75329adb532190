/** The sleep of a loop that checks again and again, and that other code can wake when something has changed. */
import type { Clock } from '../clock.js';
import { anySignal } from './any-signal.js';
import { pause } from './pause.js';

export class Alarm {
  #rung = false;
  #wake = (): void => {};

  /**
   * Ends the present sleep, or the next one before it begins: a check that is running may have missed the change.
   */
  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  /** Returns after `ms`, when `ring` is called, or when the signal aborts. One sleeper at a time. */
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
