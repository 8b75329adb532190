/**
 * The file of a collection: a header line, then one line for each batch of changes. A batch is one line, so a crash
 * leaves all of it or nothing. A batch that was reported as failed may have reached the disk all the same: the next
 * line voids it (`voids`: all batches from this number up to its own).
 */
import { basename, dirname } from 'node:path';
import type { Disk } from '../files/disk.js';
import {
  BatchReader,
  DamagedCollectionError,
  type EachBatch,
  type Header,
  linesOf,
  NEWLINE,
  type Place,
  placesOf,
} from './collection-lines.js';

const CHUNK_BYTES = 1024 ** 2;

export class CollectionFile {
  readonly #disk: Disk;
  readonly path: string;
  readonly header: Header;
  #bytes: number;
  /** Undefined after a failed append. */
  #size: number | undefined;
  #batch: number;
  #failed: number | undefined;
  /** False until the header was written: a failed append may have written a part of it. */
  #hasHeader: boolean;

  constructor(
    disk: Disk,
    path: string,
    header: Header,
    found?: { readonly size: number; readonly batch: number },
  ) {
    this.#disk = disk;
    this.path = path;
    this.header = header;
    this.#hasHeader = found !== undefined;
    this.#size = found === undefined ? 0 : undefined;
    this.#bytes = found?.size ?? 0;
    this.#batch = found?.batch ?? 0;
  }

  /**
   * Reads an existing file; undefined if nothing was ever saved in it. `each` gets the changes of a batch in order.
   * Throws DamagedCollectionError, and the file system's error when the file cannot be read.
   */
  static async read(disk: Disk, path: string, each: EachBatch): Promise<CollectionFile | undefined> {
    const size = await disk.fs.size(path);
    const reader = new BatchReader(each);
    try {
      for await (const { bytes, offset } of linesOf(chunksOf(disk, path, size))) reader.take(bytes, offset);
    } catch (error) {
      throw error instanceof DamagedCollectionError ? new DamagedCollectionError(error.message, path) : error;
    }
    const { header, batch } = reader.end();
    return header && new CollectionFile(disk, path, header, { size, batch });
  }

  /** Size of the file. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The file's name and its last batch: changes with the documents. */
  get state(): string {
    return `${basename(this.path)} ${this.#batch}`;
  }

  /** The same file after it was moved. */
  at(path: string): CollectionFile {
    return new CollectionFile(this.#disk, path, this.header, { size: this.#bytes, batch: this.#batch });
  }

  /** Appends the documents (as JSON) as one batch; durable when it resolves. Throws `state_unavailable`. */
  async append(documents: readonly string[], upTo?: string): Promise<Place[]> {
    const batch = this.#batch + 1;
    const sizes = documents.map((text) => Buffer.byteLength(text));
    const head = this.#headOf(batch, sizes, upTo);
    const header = this.#hasHeader ? '' : `${JSON.stringify(this.header)}\n`;
    const start = `${await this.#lineEnd()}${header}`;
    const at = this.#size ?? (await this.#disk.fs.size(this.path));
    const text = `${start}${head}${documents.join(',')}]}\n`;
    try {
      await this.#disk.append(this.path, text);
      if (!this.#hasHeader) await this.#disk.syncFolder(dirname(this.path));
    } catch (error) {
      // the first append may have failed before the file was created
      this.#size = (await this.#isMissing()) ? 0 : undefined;
      this.#failed ??= batch;
      this.#batch = batch;
      throw error;
    }
    this.#hasHeader = true;
    this.#size = at + Buffer.byteLength(text);
    this.#bytes = this.#size;
    this.#batch = batch;
    this.#failed = undefined;
    return placesOf(sizes, at + Buffer.byteLength(start) + Buffer.byteLength(head));
  }

  async readAt({ offset, length }: Place): Promise<string> {
    return (await this.#disk.fs.readRange(this.path, offset, length)).toString('utf8');
  }

  #headOf(batch: number, sizes: readonly number[], upTo: string | undefined): string {
    const about = JSON.stringify({ batch, voids: this.#failed, upTo, sizes });
    return `${about.slice(0, -1)},"documents":[`;
  }

  /** A newline if the file's last line is torn. */
  async #lineEnd(): Promise<string> {
    if (this.#size !== undefined) return '';
    const size = await this.#disk.fs.size(this.path);
    if (size === 0) return '';
    const [last] = await this.#disk.fs.readRange(this.path, size - 1, 1);
    return last === NEWLINE ? '' : '\n';
  }

  async #isMissing(): Promise<boolean> {
    return !(await this.#disk.list(dirname(this.path))).includes(basename(this.path));
  }
}

async function* chunksOf(disk: Disk, path: string, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < size; at += CHUNK_BYTES)
    yield await disk.fs.readRange(path, at, Math.min(CHUNK_BYTES, size - at));
}
