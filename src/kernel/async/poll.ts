/** Looks again and again until something has come about: the rounds of a loop, with the pauses between them. */
import type { Clock } from '../clock.js';
import { type Growth, growing } from './growing.js';
import { pause } from './pause.js';
import { reasonOf } from './reason.js';

export interface Polling {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  /** Ends a pause at once; a look under way heeds it itself. */
  readonly signal: AbortSignal;
  /** Between two looks: ever longer, always the same, or what is made of the milliseconds since the first. */
  readonly pauses: Growth | number | ((waitedMs: number) => number);
  /** A look that ends after so long is the last. */
  readonly patienceMs: number;
  /** What is thrown when the signal aborts between two looks. Default: its reason. */
  readonly stopped?: (signal: AbortSignal) => Error;
}

/**
 * One round for each look, with the milliseconds waited so far. The body leaves the loop when it has found what it
 * looks for; behind the loop patience is over. The first look comes at once, and there always is one.
 */
export async function* poll(polling: Polling): AsyncGenerator<number, void> {
  const { clock, signal, patienceMs, stopped = reasonOf } = polling;
  const from = clock.monotonic();
  const next = pausesOf(polling.pauses);
  for (;;) {
    yield clock.monotonic() - from;
    const waitedMs = clock.monotonic() - from;
    if (waitedMs >= patienceMs) return;
    if (!(await pause(clock, next(waitedMs), signal))) throw stopped(signal);
  }
}

function pausesOf(pauses: Polling['pauses']): (waitedMs: number) => number {
  if (typeof pauses === 'function') return pauses;
  if (typeof pauses === 'number') return () => pauses;
  const grow = growing(pauses);
  return () => grow.next().value;
}
