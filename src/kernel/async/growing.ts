/** Pauses that grow between polls: a quick result is noticed soon, and a slow one causes few polls. */

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
