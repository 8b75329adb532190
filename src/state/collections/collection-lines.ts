/** The lines of a collection's file, see `collection-file.ts`. */
import { COLLECTION_LIMITS } from '../../model/collection.js';
import { isFields } from '../../kernel/is-fields.js';

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
  /** See `CollectionShape.rules`. */
  readonly rules: string;
  /** True if the documents belong to services. */
  readonly service: boolean;
  /** The state of the file whose documents a migration copies, see `state`. */
  readonly from?: string;
}

/** One change as the file has it: a document with sealed secrets, or only the key of a deleted one. */
export interface Line {
  readonly value: unknown;
  readonly place: Place;
}

/**
 * Thrown when a file has lost changes that were reported as saved, or cannot be understood. The message is a sentence
 * without its subject, which is the file.
 */
export class DamagedCollectionError extends Error {
  override readonly name = 'DamagedCollectionError';
  /** The file, if it is known. */
  readonly path: string;

  constructor(problem: string, path = '') {
    super(problem);
    this.path = path;
  }
}

interface Batch {
  readonly batch: number;
  readonly voids?: number;
  /** In a copy: the last document of the other file that was copied. */
  readonly upTo?: string;
  readonly sizes: readonly number[];
  readonly documents: readonly unknown[];
}

/** `upTo`: see `Batch`. */
export type EachBatch = (changes: readonly Line[], upTo: string | undefined) => void;

export const NEWLINE = 10;
/** One insertion of documents of the maximum size, and other changes that are written together with it. */
const LONGEST_LINE = 4 * COLLECTION_LIMITS.atOnce * COLLECTION_LIMITS.documentBytes;

/** Reads the lines of a file one after the other, and checks that no batch is missing. */
export class BatchReader {
  readonly #each: EachBatch;
  #header: Header | undefined;
  #last: ReadBatch | undefined;

  constructor(each: EachBatch) {
    this.#each = each;
  }

  take(bytes: Buffer, offset: number): void {
    this.#header ??= headerIn(bytes);
    const found = batchOf(bytes, offset);
    if (!found) return;
    if (!this.#header) throw new DamagedCollectionError('has documents, but its first line cannot be read');
    const next = (this.#last?.batch ?? 0) + 1;
    // a batch whose append failed may be missing or torn, but then the next line voids it
    if (found.batch !== next && (found.voids ?? Infinity) > next)
      throw new DamagedCollectionError(`has lost changes: batch ${next} is missing or cannot be read`);
    // the newest batch waits: the line after it may void it
    if (this.#last && this.#last.batch < (found.voids ?? Infinity))
      this.#each(this.#last.lines, this.#last.upTo);
    this.#last = found;
  }

  end(): { readonly header: Header | undefined; readonly batch: number } {
    if (this.#last) this.#each(this.#last.lines, this.#last.upTo);
    return { header: this.#header, batch: this.#last?.batch ?? 0 };
  }
}

/** Complete lines with their offsets. Throws DamagedCollectionError for a line that no batch can have. */
export async function* linesOf(
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<{ readonly bytes: Buffer; readonly offset: number }> {
  let rest = Buffer.alloc(0);
  let offset = 0;
  for await (const chunk of chunks) {
    let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE)) {
      yield { bytes: bytes.subarray(0, end), offset };
      offset += end + 1;
      bytes = bytes.subarray(end + 1);
    }
    rest = Buffer.from(bytes);
    if (rest.length > LONGEST_LINE)
      throw new DamagedCollectionError(`has a line of more than ${LONGEST_LINE} bytes`);
  }
}

export function headerIn(bytes: Buffer): Header | undefined {
  const value = parsed(bytes);
  if (!isFields(value) || typeof value['collection'] !== 'string') return undefined;
  const { format, migration, rules, service } = value;
  if (format !== 1) throw new DamagedCollectionError('was written by another release');
  const isComplete =
    typeof migration === 'number' && typeof rules === 'string' && typeof service === 'boolean';
  if (!isComplete) throw new DamagedCollectionError('has an incomplete first line');
  return value as unknown as Header;
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

export function placesOf(sizes: readonly number[], start: number): Place[] {
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
    isFields(value) &&
    typeof value['batch'] === 'number' &&
    Array.isArray(value['sizes']) &&
    Array.isArray(value['documents']) &&
    value['sizes'].length === value['documents'].length
  );
}
