/** A sleep for polling loops. Other code can end it early when something has changed. */
import type { Clock } from '../clock.js';
import { anySignal } from './any-signal.js';
import { pause } from './pause.js';

export class Alarm {
  #rung = false;
  #wake = (): void => {};

  /**
   * Ends the present sleep. If no sleep is in progress, the next sleep returns at once, because the caller's present
   * check may have begun before the change and missed it.
   */
  ring(): void {
    this.#rung = true;
    this.#wake();
  }

  /**
   * Returns after `ms`, when `ring` is called, or when the signal aborts. Must not be called again before it has
   * returned.
   */
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
