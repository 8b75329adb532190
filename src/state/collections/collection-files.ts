/**
 * The files of a collection in its folder. `<n>.ndjson` with the highest number is in use; a rewritten file gets the
 * next number, so that at every instant one complete file exists.
 */
import { basename, join } from 'node:path';
import type { CollectionShape } from '../../model/collection.js';
import type { Disk } from '../files/disk.js';
import { CollectionFile } from './collection-file.js';
import { type Header, headerIn, NEWLINE, type Place } from './collection-lines.js';
import { CollectionIndex } from './collection-index.js';
import { apply, type Misfits } from './load-collection.js';

export interface Loaded {
  readonly file: CollectionFile;
  readonly index: CollectionIndex;
  readonly misfits: Misfits;
}

/** A document's JSON with its key. */
export interface Copied {
  readonly key: string;
  readonly text: string;
}

const FILE = /^(\d{6})\.ndjson$/;
const COPY_DOCUMENTS = 100;
/** Longer than any first line. */
const HEADER_BYTES = 4096;

export class CollectionFiles {
  readonly #disk: Disk;
  readonly #folder: string;

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
  }

  /** Reads the file in use, or starts a new one. */
  async load(shape: CollectionShape): Promise<Loaded> {
    const numbers = await this.#numbers();
    for (const number of numbers.toReversed()) {
      const loaded = await this.#read(shape, this.#path(number));
      if (!loaded) continue;
      for (const older of numbers) if (older < number) await this.#disk.discard(this.#path(older));
      return loaded;
    }
    const path = this.#path(numberText(Number(numbers.at(-1) ?? 0) + 1));
    return {
      file: new CollectionFile(this.#disk, path, headerOf(shape)),
      index: new CollectionIndex(shape),
      misfits: new Map(),
    };
  }

  /** The first line of the file in use; undefined if it cannot be read. */
  async header(): Promise<Header | undefined> {
    for (const number of (await this.#numbers()).toReversed()) {
      const start = await this.#disk.fs.readRange(this.#path(number), 0, HEADER_BYTES);
      const end = start.indexOf(NEWLINE);
      const found = end < 0 ? undefined : headerIn(start.subarray(0, end));
      if (found) return found;
    }
    return undefined;
  }

  /** Removes all files, the one in use last: the others may be older. */
  async removeAll(): Promise<void> {
    for (const name of (await this.#disk.list(this.#folder)).sort((a, b) => rank(a).localeCompare(rank(b))))
      await this.#disk.remove(join(this.#folder, name));
  }

  /** Reads what a migration has copied so far; `upTo` is the last document of `from` that was copied. */
  async loadCopy(
    shape: CollectionShape,
    from: CollectionFile,
  ): Promise<(Loaded & { readonly upTo: string | undefined }) | undefined> {
    const path = this.#copyPath(from);
    if (!(await this.#exists(path))) return undefined;
    let upTo: string | undefined;
    const loaded = await this.#read(shape, path, (found) => (upTo = found ?? upTo));
    const { header } = loaded?.file ?? {};
    const isOurs =
      header?.migration === shape.migration && header.rules === shape.rules && header.from === from.state;
    return loaded && isOurs ? { ...loaded, upTo } : undefined;
  }

  /** Starts the copy of a migration. */
  async newCopy(shape: CollectionShape, from: CollectionFile): Promise<CollectionFile> {
    const path = this.#copyPath(from);
    await this.#remove(path);
    return new CollectionFile(this.#disk, path, { ...headerOf(shape), from: from.state });
  }

  /** The copy replaces the file that it was made from. */
  async use(copy: CollectionFile, from: CollectionFile): Promise<void> {
    await this.#disk.move(copy.path, this.#after(from));
    await this.#disk.discard(from.path);
  }

  async removeCopy(from: CollectionFile): Promise<void> {
    await this.#remove(this.#copyPath(from));
  }

  /** Writes the documents to a new file, which replaces `old`. */
  async replace(
    old: CollectionFile,
    header: Header,
    documents: AsyncIterable<Copied>,
  ): Promise<{ readonly file: CollectionFile; readonly places: readonly (readonly [string, Place])[] }> {
    const path = this.#after(old);
    const temporary = `${path}.tmp`;
    await this.#remove(temporary);
    const file = new CollectionFile(this.#disk, temporary, header);
    const places: (readonly [string, Place])[] = [];
    let some: Copied[] = [];
    const write = async (): Promise<void> => {
      const written = await file.append(some.map(({ text }) => text));
      some.forEach(({ key }, index) => {
        const place = written[index];
        if (place) places.push([key, place]);
      });
      some = [];
    };
    for await (const document of documents) {
      some.push(document);
      if (some.length >= COPY_DOCUMENTS) await write();
    }
    await write();
    await this.#disk.move(temporary, path);
    await this.#disk.discard(old.path);
    return { file: file.at(path), places };
  }

  async #read(
    shape: CollectionShape,
    path: string,
    seen: (upTo: string | undefined) => void = () => {},
  ): Promise<Loaded | undefined> {
    const index = new CollectionIndex(shape);
    const misfits: Misfits = new Map();
    const file = await CollectionFile.read(this.#disk, path, (lines, upTo) => {
      apply(index, shape, lines, misfits);
      seen(upTo);
    });
    return file && { file, index, misfits };
  }

  /** In ascending order. */
  async #numbers(): Promise<string[]> {
    const names = await this.#disk.list(this.#folder);
    return names.flatMap((name) => FILE.exec(name)?.[1] ?? []).sort();
  }

  async #exists(path: string): Promise<boolean> {
    return (await this.#disk.list(this.#folder)).includes(basename(path));
  }

  /** A file that is left from an interrupted copy must not be continued. */
  async #remove(path: string): Promise<void> {
    if (await this.#exists(path)) await this.#disk.remove(path);
  }

  #path(number: string): string {
    return join(this.#folder, `${number}.ndjson`);
  }

  #after({ path }: CollectionFile): string {
    return this.#path(numberText(Number(FILE.exec(basename(path))?.[1]) + 1));
  }

  #copyPath({ path }: CollectionFile): string {
    return `${path}.migrating`;
  }
}

export function headerOf({ name, migration, rules, service }: CollectionShape): Header {
  return { collection: name, format: 1, migration, rules, service };
}

/** Files in use after all others. */
function rank(name: string): string {
  return `${FILE.test(name) ? 1 : 0}${name}`;
}

function numberText(number: number): string {
  return String(number).padStart(6, '0');
}
