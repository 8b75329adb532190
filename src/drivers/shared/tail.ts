/** Keeps the last bytes of a stream, because error messages are usually at the end of the output. */
export class Tail {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #length = 0;
  #dropped = false;

  /** @param limit the number of bytes that are kept */
  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    // The buffer is trimmed only when it has reached twice the limit, so that the cost per byte stays constant.
    if (this.#length > 2 * this.#limit) this.#trim();
  }

  #trim(): void {
    const all = Buffer.concat(this.#chunks);
    const kept = all.subarray(Math.max(0, all.length - this.#limit));
    this.#dropped ||= kept.length < all.length;
    this.#chunks = [Buffer.from(kept)];
    this.#length = kept.length;
  }

  get truncated(): boolean {
    return this.#dropped || this.#length > this.#limit;
  }

  text(): string {
    if (this.#length > this.#limit) this.#trim();
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}
