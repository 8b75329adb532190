/** `context.waitUntil`: waits for a condition without a thread. */

export interface WaitOptions {
  /** Seconds between two checks, from 1 to 600; default 10. */
  readonly every?: number;
  /** The longest wait in seconds, at most 7 days; default one hour. */
  readonly atMost?: number;
}

/**
 * Calls `check`, and returns its result if the result is truthy. Otherwise the step or task ends for now, without a
 * thread and without a slot, and runs again from its beginning after `every` seconds, also if the agent was restarted
 * in the meantime. Everything before `waitUntil` is therefore repeated: use notes for what must happen only once. After
 * `atMost` seconds the step or task fails with `condition_timeout`.
 */
export type WaitUntil = <T>(check: () => Promise<T> | T, options?: WaitOptions) => Promise<NonNullable<T>>;

export const WAIT_RANGES = {
  every: { minimum: 1, maximum: 600, default: 10 },
  atMost: { minimum: 1, maximum: 604_800, default: 3_600 },
} as const;
