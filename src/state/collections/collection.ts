/**
 * Documents of one collection. Keys, indexes and the places of the documents are in memory; the documents are in the
 * file. Changes are decided one after another, and those that wait together are written with one fsync.
 */
import {
  COLLECTION_LIMITS,
  type CollectionData,
  type CollectionDocument,
  type CollectionShape,
  DOCUMENT_KEY,
  type NewDocument,
  type Page,
  type PageQuery,
  type ServiceLife,
} from '../../model/collection.js';
import { frozenCopy } from '../keys/secret-codec.js';
import { CollectionError } from '../../model/collection-error.js';
import type { CollectionFile } from './collection-file.js';
import type { Place } from './collection-lines.js';
import type { CollectionFiles } from './collection-files.js';
import { type CollectionIndex, Draft, type Known, type View } from './collection-index.js';
import { deletedText, type DocumentTexts } from './document-text.js';
import { knownOf } from './load-collection.js';
import { pageOf } from './page.js';

export interface CollectionParts {
  readonly shape: CollectionShape;
  readonly files: CollectionFiles;
  readonly file: CollectionFile;
  readonly index: CollectionIndex;
  readonly texts: DocumentTexts;
  /** RFC 3339 */
  readonly now: () => string;
}

/** Decides what changes, in the view of all changes before it. */
type Decide<R> = (draft: Draft) => Promise<R>;

interface Work {
  readonly decide: Decide<unknown>;
  readonly done: (result: unknown) => void;
  readonly fail: (error: unknown) => void;
}

/** Changes that are written with one fsync. */
const MOST_AT_ONCE = 64;
/** Lines of deleted and replaced documents up to this size are left in the file. */
const LEAST_WASTE_BYTES = 1024 ** 2;

export class Collection {
  readonly #parts: CollectionParts;
  #file: CollectionFile;
  #waiting: Work[] = [];
  #writing: Promise<void> | undefined;
  /** Why changes are refused at the moment. */
  #closedBy: CollectionError | undefined;

  constructor(parts: CollectionParts) {
    this.#parts = parts;
    this.#file = parts.file;
  }

  get count(): number {
    return this.#parts.index.count;
  }

  /** Number of migrations that the documents have been through. */
  get migration(): number {
    return this.#file.header.migration;
  }

  async get(key: string): Promise<CollectionDocument | undefined> {
    const known = this.#parts.index.get(key);
    return known && this.#read(key, known);
  }

  /** Throws CollectionError `invalid` for an index, cursor or bound that does not exist. */
  async page(query: PageQuery): Promise<Page> {
    const { keys, next } = pageOf(this.#parts.index, this.#parts.shape, query);
    const documents: CollectionDocument[] = [];
    for (const key of keys) {
      // a document may be deleted meanwhile
      const document = await this.get(key);
      if (document) documents.push(document);
    }
    return { documents, next };
  }

  /** All of them or none. Throws CollectionError `exists`, `not_unique`, `not_indexable`, `invalid`, `full`. */
  insert(documents: readonly NewDocument[]): Promise<CollectionDocument[]> {
    return this.#change(async (draft) => {
      if (documents.length > COLLECTION_LIMITS.atOnce)
        throw new CollectionError(
          'invalid',
          `at most ${COLLECTION_LIMITS.atOnce} documents can be inserted at once`,
        );
      return documents.map(({ key, service, data }) => {
        if (draft.get(key)) throw new CollectionError('exists', `there is already a document ${key}`);
        const at = this.#parts.now();
        return this.#put(draft, {
          ...{ key, version: 1, service: service ?? null, createdAt: at, updatedAt: at },
          data,
        });
      });
    });
  }

  /**
   * `change` gets the current data and returns the new data. With `version`, only that version is changed. Throws
   * CollectionError `missing`, `stale`, and those of `insert`.
   */
  update(
    key: string,
    change: (current: CollectionData) => CollectionData,
    version?: number,
  ): Promise<CollectionDocument> {
    return this.#change(async (draft) => {
      const current = await this.#current(draft, key, version);
      return this.#put(draft, {
        ...current,
        version: current.version + 1,
        updatedAt: this.#parts.now(),
        data: change(current.data),
      });
    });
  }

  /** False if there was none. Throws CollectionError `stale`. */
  remove(key: string, version?: number): Promise<boolean> {
    return this.#change(async (draft) => {
      const known = draft.get(key);
      if (!known) return false;
      if (version !== undefined && known.version !== version) throw staleError(key, known.version);
      draft.put(key, undefined);
      return true;
    });
  }

  /** Deletes the documents of a service. Returns their number. */
  async removeOf(service: ServiceLife): Promise<number> {
    let count = 0;
    for (;;) {
      const removed = await this.#change(async (draft) => {
        const { keys } = pageOf(this.#parts.index, this.#parts.shape, { service });
        for (const key of keys) draft.put(key, undefined);
        return keys.length;
      });
      if (removed === 0) return count;
      count += removed;
    }
  }

  /** Every service that has documents. */
  *services(): Generator<ServiceLife> {
    const { services } = this.#parts.index;
    for (let text = services.firstFrom(''); text !== undefined;) {
      const life = text.slice(0, text.indexOf('\u0000')) as ServiceLife;
      yield life;
      text = services.firstFrom(`${life}\u0000\uffff`);
    }
  }

  /** Rewrites the file if `isOld` returns true for a document's text. Returns the number of rewritten documents. */
  reseal(isOld: (text: string) => boolean): Promise<number> {
    return this.#between(async () => {
      for (const known of this.#known()) {
        const text = known.place && (await this.#file.readAt(known.place));
        if (text === null || !isOld(text)) continue;
        await this.#rewrite();
        return this.count;
      }
      return 0;
    });
  }

  /** Resolves when no change is under way. */
  async idle(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /** Refuses changes until `use` or `open` is called, and waits for those under way. */
  async close(reason: CollectionError): Promise<void> {
    this.#closedBy = reason;
    await this.idle();
  }

  open(): void {
    this.#closedBy = undefined;
  }

  /** All documents in the order of their keys, after `after`. */
  async *each(after?: string): AsyncGenerator<CollectionDocument> {
    let next: string | null | undefined = after;
    do {
      const keys: string[] = [
        ...pageOf(this.#parts.index, this.#parts.shape, { afterKey: next ?? undefined }).keys,
      ];
      for (const key of keys) {
        const document = await this.get(key);
        if (document) yield document;
      }
      next = keys.at(-1) ?? null;
    } while (next !== null);
  }

  async #current(draft: View, key: string, version: number | undefined): Promise<CollectionDocument> {
    const known = draft.get(key);
    if (!known) throw new CollectionError('missing', `there is no document ${key}`);
    if (version !== undefined && known.version !== version) throw staleError(key, known.version);
    return this.#read(key, known);
  }

  async #read(key: string, known: Known): Promise<CollectionDocument> {
    if (known.document) return known.document;
    if (!known.place) throw new Error(`the document ${key} has no place`);
    const file = this.#file;
    try {
      return this.#parts.texts.read(await file.readAt(known.place));
    } catch (error) {
      const now = this.#parts.index.get(key);
      // the file was replaced meanwhile
      if (this.#file !== file && now) return this.#read(key, now);
      throw error;
    }
  }

  /** The document as it will be stored, after all checks. */
  #put(draft: Draft, wanted: CollectionDocument): CollectionDocument {
    const { shape, texts } = this.#parts;
    checkKey(wanted, shape);
    const document = frozenCopy(wanted) as CollectionDocument;
    const bytes = Buffer.byteLength(texts.write(document));
    if (bytes > COLLECTION_LIMITS.documentBytes)
      throw new CollectionError(
        'invalid',
        `the document ${wanted.key} has ${bytes} bytes, at most ${COLLECTION_LIMITS.documentBytes} are allowed`,
      );
    const known = { ...knownOf(shape, document, bytes), place: null, document };
    this.#parts.index.names.forEach((name, index) => {
      const holder = known.free[index] === true ? undefined : draft.holder(index, known.texts[index] ?? '');
      if (holder !== undefined && holder !== wanted.key)
        throw new CollectionError('not_unique', `the document ${holder} has the same values (index ${name})`);
    });
    draft.put(wanted.key, known);
    if (draft.count > COLLECTION_LIMITS.documents || draft.bytes > COLLECTION_LIMITS.bytes)
      throw new CollectionError('full', 'the collection is full');
    return document;
  }

  #change<R>(decide: Decide<R>): Promise<R> {
    if (this.#closedBy) return Promise.reject(this.#closedBy);
    return new Promise<R>((done, fail) => {
      this.#waiting.push({ decide, done: (result) => done(result as R), fail });
      this.#writing ??= this.#writeAll(Promise.resolve());
    });
  }

  /** Never rejects. Changes that arrive while `first` runs are written together. */
  async #writeAll(first: Promise<unknown>): Promise<void> {
    await first.catch(() => undefined);
    while (this.#waiting.length > 0) {
      await this.#writeSome(this.#waiting.splice(0, MOST_AT_ONCE));
      await this.#compact();
    }
    this.#writing = undefined;
  }

  async #writeSome(works: readonly Work[]): Promise<void> {
    const all = new Draft(this.#parts.index);
    const decided: (() => void)[] = [];
    const failed: ((error: unknown) => void)[] = [];
    for (const { decide, done, fail } of works) {
      const own = new Draft(all);
      try {
        const result = await decide(own);
        for (const [key, next] of own.changes()) all.put(key, next);
        decided.push(() => done(result));
        failed.push(fail);
      } catch (error) {
        fail(error);
      }
    }
    try {
      await this.#write(all);
    } catch (error) {
      for (const fail of failed) fail(error);
      return;
    }
    for (const done of decided) done();
  }

  async #write(draft: Draft): Promise<void> {
    const changes = [...draft.changes()].filter(([key, next]) => next || this.#parts.index.get(key));
    if (changes.length === 0) return;
    const lines = changes.map(([key, next]) =>
      next?.document ? this.#parts.texts.write(next.document) : deletedText(key),
    );
    const places = await this.#file.append(lines);
    changes.forEach(([key, next], index) => {
      this.#parts.index.put(key, next && placed(next, places[index] ?? null));
    });
  }

  async #compact(): Promise<void> {
    const waste = this.#file.bytes - this.#parts.index.bytes;
    if (waste < Math.max(LEAST_WASTE_BYTES, this.#parts.index.bytes)) return;
    // the old file stays in use if this fails
    await this.#rewrite().catch(() => undefined);
  }

  /** Writes all documents to a new file, which replaces the old one. */
  async #rewrite(): Promise<void> {
    const { files, index, texts } = this.#parts;
    const keys = [...index.keys.range('', undefined, false)];
    const next = await files.replace(
      this.#file,
      this.#file.header,
      async function* (this: Collection) {
        for (const key of keys) {
          const known = index.get(key);
          if (known) yield { key, text: texts.write(await this.#read(key, known)) };
        }
      }.call(this),
    );
    this.#file = next.file;
    for (const [key, place] of next.places) {
      const known = index.get(key);
      if (known) index.move(key, { ...known, place, bytes: place.length });
    }
  }

  /** Runs `work` while no change is under way. */
  async #between<R>(work: () => Promise<R>): Promise<R> {
    await this.idle();
    const running = work();
    this.#writing = this.#writeAll(running);
    return running;
  }

  *#known(): Generator<Known> {
    for (const key of [...this.#parts.index.keys.range('', undefined, false)]) {
      const known = this.#parts.index.get(key);
      if (known) yield known;
    }
  }
}

/** Once it is in the file, a document is no longer kept in memory. */
function placed({ document: _, ...known }: Known, place: Place | null): Known {
  return { ...known, place };
}

function staleError(key: string, version: number): CollectionError {
  return new CollectionError('stale', `the document ${key} has version ${version} now`);
}

function checkKey({ key, service }: CollectionDocument, shape: CollectionShape): void {
  if (!DOCUMENT_KEY.test(key))
    throw new CollectionError(
      'invalid',
      'a key has 1 to 128 letters, digits and . _ : @ -, and begins with a letter or digit',
    );
  if (shape.service && service === null)
    throw new CollectionError('invalid', `a document of ${shape.name} belongs to a service`);
  if (!shape.service && service !== null)
    throw new CollectionError('invalid', `documents of ${shape.name} do not belong to services`);
}
