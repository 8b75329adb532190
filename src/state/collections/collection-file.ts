/**
 * The file of a collection: a header line, then one line for each batch of changes. A batch is one line, so a crash
 * leaves all of it or nothing. A batch that was reported as failed may have reached the disk all the same: the next
 * line voids it (`voids`: all batches from this number up to its own).
 */
import { basename, dirname } from 'node:path';
import type { Disk } from '../files/disk.js';

/** Where the JSON of a document is in the file, in bytes. */
export interface Place {
  readonly offset: number;
  readonly length: number;
}

export interface Header {
  readonly collection: string;
  readonly format: 1;
  /** Number of migrations that the documents have been through. */
  readonly migration: number;
  /** The state of the file whose documents a migration copies, see `state`. */
  readonly from?: string;
}

/** One change as the file has it: a document with sealed secrets, or only the key of a deleted one. */
export interface Line {
  readonly value: unknown;
  readonly place: Place;
}

interface Batch {
  readonly batch: number;
  readonly voids?: number;
  /** In a copy: the last document of the other file that was copied. */
  readonly upTo?: string;
  readonly sizes: readonly number[];
  readonly documents: readonly unknown[];
}

const CHUNK_BYTES = 1024 ** 2;
const NEWLINE = 10;

export class CollectionFile {
  readonly #disk: Disk;
  readonly path: string;
  readonly header: Header;
  #bytes: number;
  /** Undefined after a failed append. */
  #size: number | undefined;
  #batch: number;
  #failed: number | undefined;
  #isNew: boolean;

  constructor(
    disk: Disk,
    path: string,
    header: Header,
    found?: { readonly size: number; readonly batch: number },
  ) {
    this.#disk = disk;
    this.path = path;
    this.header = header;
    this.#isNew = found === undefined;
    this.#size = found === undefined ? 0 : undefined;
    this.#bytes = found?.size ?? 0;
    this.#batch = found?.batch ?? 0;
  }

  /**
   * Reads an existing file; undefined if it has no complete header. `each` gets the changes of a batch in order. Throws
   * an Error for a line that is complete and cannot be read: later changes may depend on it.
   */
  static async read(
    disk: Disk,
    path: string,
    each: (changes: readonly Line[], upTo: string | undefined) => void,
  ): Promise<CollectionFile | undefined> {
    let header: Header | undefined;
    let last: ReadBatch | undefined;
    let batch = 0;
    const size = await disk.fs.size(path);
    for await (const { bytes, offset } of linesOf(disk, path, size)) {
      if (header === undefined) header = headerOf(bytes);
      if (header === undefined) return undefined;
      const found = batchOf(bytes, offset);
      if (found === undefined) continue;
      // the newest batch waits: the line after it may void it
      if (last !== undefined && last.batch < (found.voids ?? Infinity)) each(last.lines, last.upTo);
      last = found;
      batch = found.batch;
    }
    if (header === undefined) return undefined;
    if (last) each(last.lines, last.upTo);
    return new CollectionFile(disk, path, header, { size, batch });
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
    const start = this.#isNew ? `${JSON.stringify(this.header)}\n` : await this.#lineEnd();
    const at = this.#size ?? (await this.#disk.fs.size(this.path));
    const text = `${start}${head}${documents.join(',')}]}\n`;
    try {
      await this.#disk.append(this.path, text);
      if (this.#isNew) await this.#disk.syncFolder(dirname(this.path));
    } catch (error) {
      this.#size = undefined;
      this.#failed ??= batch;
      this.#batch = batch;
      this.#isNew = await this.#isMissing();
      throw error;
    }
    this.#isNew = false;
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
    if (size === 0) return `${JSON.stringify(this.header)}\n`;
    const [last] = await this.#disk.fs.readRange(this.path, size - 1, 1);
    return last === NEWLINE ? '' : '\n';
  }

  async #isMissing(): Promise<boolean> {
    return (await this.#disk.find(this.path)) === undefined;
  }
}

/** Complete lines with their offsets. */
async function* linesOf(
  disk: Disk,
  path: string,
  size: number,
): AsyncGenerator<{ readonly bytes: Buffer; readonly offset: number }> {
  let rest = Buffer.alloc(0);
  let offset = 0;
  for (let at = 0; at < size; at += CHUNK_BYTES) {
    const chunk = await disk.fs.readRange(path, at, Math.min(CHUNK_BYTES, size - at));
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
      yield { bytes: bytes.subarray(0, end), offset };
      offset += end + 1;
      bytes = bytes.subarray(end + 1);
    }
    rest = Buffer.from(bytes);
  }
}

function headerOf(bytes: Buffer): Header | undefined {
  const value = parsed(bytes);
  return isObject(value) && value['format'] === 1 && typeof value['migration'] === 'number'
    ? (value as unknown as Header)
    : undefined;
}

interface ReadBatch extends Pick<Batch, 'batch' | 'voids' | 'upTo'> {
  readonly lines: readonly Line[];
}

/** Undefined for the header, and for what a failed append has left. */
function batchOf(bytes: Buffer, offset: number): ReadBatch | undefined {
  const value = parsed(bytes);
  if (!isBatch(value)) return undefined;
  // the documents are the rest of the line but for its last two characters
  const length = value.sizes.reduce((sum, size) => sum + size + 1, -1);
  const places = placesOf(value.sizes, offset + bytes.length - 2 - length);
  const lines = value.documents.map((document, index) => ({
    value: document,
    place: places[index] ?? { offset: 0, length: 0 },
  }));
  const { batch, voids, upTo } = value;
  return {
    ...{ batch, lines },
    ...(voids === undefined ? {} : { voids }),
    ...(upTo === undefined ? {} : { upTo }),
  };
}

function placesOf(sizes: readonly number[], start: number): Place[] {
  let offset = start;
  return sizes.map((length) => {
    const place = { offset, length };
    offset += length + 1;
    return place;
  });
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function isBatch(value: unknown): value is Batch {
  return (
    isObject(value) &&
    typeof value['batch'] === 'number' &&
    Array.isArray(value['sizes']) &&
    Array.isArray(value['documents']) &&
    value['sizes'].length === value['documents'].length
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
