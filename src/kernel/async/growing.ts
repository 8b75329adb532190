/** Growing pauses: a quick result is found quickly, and a slow one is not polled all the time. */

export interface Growth {
  readonly firstMs: number;
  /** Each pause is the previous one times this factor. */
  readonly factor: number;
  readonly longestMs: number;
}

/** An endless sequence of pauses. */
export function* growing({ firstMs, factor, longestMs }: Growth): Generator<number, never> {
  for (let ms = firstMs; ; ms = Math.min(longestMs, ms * factor)) yield ms;
}
