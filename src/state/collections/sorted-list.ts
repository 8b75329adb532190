/** Texts in order, each once. Adding moves the later ones: with 100,000 texts that takes some ten microseconds. */
export class SortedList {
  readonly #texts: string[];

  constructor(texts: string[] = []) {
    this.#texts = texts.sort(compare);
  }

  get size(): number {
    return this.#texts.length;
  }

  add(text: string): void {
    const at = this.#place(text);
    if (this.#texts[at] !== text) this.#texts.splice(at, 0, text);
  }

  remove(text: string): void {
    const at = this.#place(text);
    if (this.#texts[at] === text) this.#texts.splice(at, 1);
  }

  /** The first text that is not before `text`. */
  firstFrom(text: string): string | undefined {
    return this.#texts[this.#place(text)];
  }

  /** Texts from `from` (included) up to `to` (excluded), in ascending order or from the end. */
  *range(from: string, to: string | undefined, descending: boolean): Generator<string> {
    const first = this.#place(from);
    const last = (to === undefined ? this.#texts.length : this.#place(to)) - 1;
    const step = descending ? -1 : 1;
    for (let at = descending ? last : first; at >= first && at <= last; at += step) {
      const text = this.#texts[at];
      if (text !== undefined) yield text;
    }
  }

  /** Index of the first text that is not before `text`. */
  #place(text: string): number {
    let [low, high] = [0, this.#texts.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#texts[middle] ?? '') < text) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** By UTF-16 code units, as `<` compares. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
