/** What of a collection is kept in memory: where each document is, and its place in every index. */
import type { CollectionDocument, CollectionShape, ServiceLife } from '../../model/collection.js';
import type { Place } from './collection-lines.js';
import { SortedList } from './sorted-list.js';

export interface Known {
  readonly version: number;
  readonly service: ServiceLife | null;
  readonly createdAt: string;
  /** Size of the document as JSON. */
  readonly bytes: number;
  /** The document's text in each index, in the order of `indexNames`; undefined where a unique index ignores it. */
  readonly texts: readonly string[];
  /** Indexes whose uniqueness does not concern the document. */
  readonly free: readonly boolean[];
  /** Null while the document is not in the file. */
  readonly place: Place | null;
  /** Present while the document is not in the file. */
  readonly document?: CollectionDocument;
}

/** Documents by key and by unique values: those of the collection, or with the changes of a draft. */
export interface View {
  get(key: string): Known | undefined;
  /** The document that has this text in the index of this number. */
  holder(index: number, text: string): string | undefined;
  readonly count: number;
  /** All documents as JSON. */
  readonly bytes: number;
}

export class CollectionIndex implements View {
  readonly names: readonly string[];
  readonly #known = new Map<string, Known>();
  readonly #lists: readonly SortedList[];
  readonly keys = new SortedList();
  /** `<service>\0<key>`. */
  readonly services = new SortedList();
  #bytes = 0;

  constructor(shape: CollectionShape) {
    this.names = Object.keys(shape.indexes);
    this.#lists = this.names.map(() => new SortedList());
  }

  get count(): number {
    return this.#known.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Known | undefined {
    return this.#known.get(key);
  }

  holder(index: number, text: string): string | undefined {
    for (const found of this.#lists[index]?.range(text, `${text}\uffff`, false) ?? []) {
      const key = found.slice(text.length);
      if (this.#known.get(key)?.free[index] === false) return key;
    }
    return undefined;
  }

  list(name: string): SortedList | undefined {
    return this.#lists[this.names.indexOf(name)];
  }

  /** Undefined: the document no longer exists. */
  put(key: string, next: Known | undefined): void {
    const before = this.#known.get(key);
    if (before) this.#remove(key, before);
    if (!next) return;
    this.#known.set(key, next);
    this.#bytes += next.bytes;
    this.keys.add(key);
    if (next.service !== null) this.services.add(`${next.service}\u0000${key}`);
    this.#lists.forEach((list, index) => list.add(`${next.texts[index] ?? ''}${key}`));
  }

  /** The same document at another place of the file. */
  move(key: string, known: Known): void {
    this.#bytes += known.bytes - (this.#known.get(key)?.bytes ?? 0);
    this.#known.set(key, known);
  }

  #remove(key: string, before: Known): void {
    this.#known.delete(key);
    this.#bytes -= before.bytes;
    this.keys.remove(key);
    if (before.service !== null) this.services.remove(`${before.service}\u0000${key}`);
    this.#lists.forEach((list, index) => list.remove(`${before.texts[index] ?? ''}${key}`));
  }
}

/** Changes that are not in the file yet, over another view. */
export class Draft implements View {
  readonly #base: View;
  readonly #changed = new Map<string, Known | undefined>();
  /** `<index>:<text>` -> key. */
  readonly #held = new Map<string, string>();
  #count: number;
  #bytes: number;

  constructor(base: View) {
    this.#base = base;
    this.#count = base.count;
    this.#bytes = base.bytes;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Known | undefined {
    return this.#changed.has(key) ? this.#changed.get(key) : this.#base.get(key);
  }

  holder(index: number, text: string): string | undefined {
    const own = this.#held.get(`${index}:${text}`);
    if (own !== undefined) return own;
    const other = this.#base.holder(index, text);
    // a document that the draft has changed no longer has this text
    return other === undefined || this.#changed.has(other) ? undefined : other;
  }

  put(key: string, next: Known | undefined): void {
    const before = this.get(key);
    this.#count += Number(next !== undefined) - Number(before !== undefined);
    this.#bytes += (next?.bytes ?? 0) - (before?.bytes ?? 0);
    if (this.#changed.has(key)) this.#eachHeld(before, (held) => this.#held.delete(held));
    this.#changed.set(key, next);
    this.#eachHeld(next, (held) => this.#held.set(held, key));
  }

  /** In the order in which the documents were changed first. */
  changes(): Iterable<readonly [key: string, next: Known | undefined]> {
    return this.#changed;
  }

  #eachHeld(known: Known | undefined, visit: (held: string) => void): void {
    known?.texts.forEach((text, index) => {
      if (known.free[index] === false) visit(`${index}:${text}`);
    });
  }
}
