/**
 * Migrates a collection: module code changes the documents in chunks, on a copy. A migration that was interrupted
 * continues after the last chunk that is on disk. The documents in use stay unchanged until the copy is complete.
 */
import {
  COLLECTION_LIMITS,
  type CollectionDocument,
  type CollectionShape,
  type MigratedDocument,
} from '../../model/collection.js';
import { CollectionError } from '../../model/collection-error.js';
import type { Collection } from './collection.js';
import type { CollectionFile } from './collection-file.js';
import type { CollectionFiles } from './collection-files.js';
import type { DocumentTexts } from './document-text.js';

export interface Migration {
  readonly files: CollectionFiles;
  readonly texts: DocumentTexts;
  /** Closed for changes by the caller. */
  readonly collection: Collection;
  readonly file: CollectionFile;
  /** The shape after the migration. */
  readonly shape: CollectionShape;
  /** Returns the documents that replace those of the chunk; one that is left out is deleted. */
  readonly change: (chunk: readonly CollectionDocument[]) => Promise<readonly MigratedDocument[]>;
  /** `kept`: the copy is complete, but the former documents stay in use. */
  readonly end: 'kept' | 'used';
  /** RFC 3339 */
  readonly now: () => string;
  readonly signal: AbortSignal;
}

const CHUNK_DOCUMENTS = 100;
/** A chunk with this many bytes gets no further documents. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Copies and changes all documents. Throws what `change` throws, the signal's reason, and
 * CollectionError `not_unique`, `not_indexable` or `invalid` for documents that do not fit the shape: the collection is
 * unchanged then. After the signal's reason, the copy remains and the next call continues it.
 */
export async function migrateCollection(migration: Migration): Promise<void> {
  const { files, shape, file, signal, collection } = migration;
  // nothing was ever written
  if (file.bytes === 0 && collection.count === 0) return;
  const found = await files.loadCopy(shape, file);
  const copy = found?.file ?? (await files.newCopy(shape, file));
  try {
    await copyRest(migration, copy, found?.upTo);
    await assertFits(migration);
  } catch (error) {
    if (!signal.aborted) await files.removeCopy(file);
    throw error;
  }
  if (migration.end === 'used') await files.use(copy, file);
}

async function copyRest(migration: Migration, copy: CollectionFile, upTo: string | undefined): Promise<void> {
  const { collection, signal, texts } = migration;
  let chunk: CollectionDocument[] = [];
  let bytes = 0;
  for await (const document of collection.each(upTo)) {
    chunk.push(document);
    bytes += texts.write(document).length;
    if (chunk.length < CHUNK_DOCUMENTS && bytes < CHUNK_BYTES) continue;
    await copyChunk(migration, copy, chunk);
    [chunk, bytes] = [[], 0];
  }
  signal.throwIfAborted();
  if (chunk.length > 0 || copy.bytes === 0) await copyChunk(migration, copy, chunk);
}

async function copyChunk(
  { change, texts, now, signal }: Migration,
  copy: CollectionFile,
  chunk: readonly CollectionDocument[],
): Promise<void> {
  signal.throwIfAborted();
  const before = new Map(chunk.map((document) => [document.key, document]));
  const changed = chunk.length === 0 ? [] : await change(chunk);
  signal.throwIfAborted();
  const lines = changed.map(({ key, service, data }) => {
    const { version = 0, createdAt = now() } = before.get(key) ?? {};
    return texts.write({ key, service, data, version: version + 1, createdAt, updatedAt: now() });
  });
  const large = lines.find((line) => Buffer.byteLength(line) > COLLECTION_LIMITS.documentBytes);
  if (large !== undefined)
    throw new CollectionError(
      'invalid',
      `a migrated document exceeds ${COLLECTION_LIMITS.documentBytes} bytes`,
    );
  await copy.append(lines, chunk.at(-1)?.key);
}

async function assertFits({ files, shape, file }: Migration): Promise<void> {
  const copied = await files.loadCopy(shape, file);
  const [first] = copied?.misfits ?? [];
  if (first)
    throw new CollectionError('not_unique', `the migrated document ${first[0]} does not fit: ${first[1]}`);
}
