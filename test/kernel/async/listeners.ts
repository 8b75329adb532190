/** What waits for a signal leaves behind when it is over: it must be nothing. */
import { getEventListeners } from 'node:events';

export const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

/** Timers that keep the process alive. */
export const timers = (): number =>
  process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

export interface Promised<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

export function promised<T>(): Promised<T> {
  let resolve = (_: T): void => {};
  let reject = (_: Error): void => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
