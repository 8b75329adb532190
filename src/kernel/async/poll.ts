/** Polls until a condition is met. The caller loops over the checks, and this generator pauses between them. */
import type { Clock } from '../clock.js';
import { type Growth, growing } from './growing.js';
import { pause } from './pause.js';
import { reasonOf } from './reason.js';

export interface Polling {
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  /** Ends a pause at once; a running check must handle the signal itself. */
  readonly signal: AbortSignal;
  /** The pause between two checks: growing, constant, or computed from the milliseconds since the first check. */
  readonly pauses: Growth | number | ((waitedMs: number) => number);
  /** Milliseconds after which polling stops. A check that ends later than this is the last one. */
  readonly patienceMs: number;
  /** Creates the error that is thrown when the signal aborts between two checks. Default: the signal's reason. */
  readonly stopped?: (signal: AbortSignal) => Error;
}

/**
 * Yields once per check, with the milliseconds waited so far. The loop body must leave the loop when the condition is
 * met. If the loop ends without that, `patienceMs` has passed. The first check comes at once, and there is always at
 * least one.
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
