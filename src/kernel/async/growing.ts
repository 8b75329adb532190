/** Pauses that grow: what comes soon is found soon, and what takes long is not asked for all the time. */

export interface Growth {
  readonly firstMs: number;
  /** Each pause is so many times the one before. */
  readonly factor: number;
  readonly longestMs: number;
}

/** Without end. */
export function* growing({ firstMs, factor, longestMs }: Growth): Generator<number, never> {
  for (let ms = firstMs; ; ms = Math.min(longestMs, ms * factor)) yield ms;
}
