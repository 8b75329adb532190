/**
 * Stores documents other than services. There are few such documents, so all of them are kept in memory. Each document
 * is a file in the folder of its kind.
 */
import { join } from 'node:path';
import { Low } from 'lowdb';
import { ID_PATTERN } from '../../model/service.js';
import type { DocumentStore } from '../contract.js';
import { type DamagedDocument, setAside } from './damaged.js';
import type { DeferWrite } from '../files/deferred-writes.js';
import { unavailable, type Disk } from '../files/disk.js';
import { DamagedDocumentError, DocumentAdapter, type DocumentKind } from '../documents/document.js';
import { KeyedLock } from '../../kernel/async/keyed-lock.js';
import type { SecretBox } from '../keys/secret-box.js';
import { forEachConcurrent } from '../../kernel/async/for-each-concurrent.js';

export interface DocumentStoreOptions<T extends object> {
  readonly disk: Disk;
  readonly box: SecretBox;
  /** The state folder. */
  readonly dir: string;
  /** The folder of the documents, below the state folder, for example `tokens`. */
  readonly folder: string;
  readonly kind: DocumentKind<T>;
  readonly idOf: (value: T) => string;
  /** RFC 3339. */
  readonly now: () => string;
  readonly warn: (message: string, detail: string) => void;
  readonly later: DeferWrite;
  /** Called for each document that this start sets aside. */
  readonly onDamaged?: (found: DamagedDocument) => void;
}

export class DurableDocumentStore<T extends object> implements DocumentStore<T> {
  readonly #options: DocumentStoreOptions<T>;
  readonly #values = new Map<string, T>();
  readonly #lock = new KeyedLock();
  #revision = 0;

  private constructor(options: DocumentStoreOptions<T>) {
    this.#options = options;
  }

  /** Reads all documents; damaged ones are set aside. Throws AgentError `state_unavailable`. */
  static async open<T extends object>(options: DocumentStoreOptions<T>): Promise<DurableDocumentStore<T>> {
    const store = new DurableDocumentStore(options);
    const folder = join(options.dir, options.folder);
    const names = await options.disk.list(folder);
    if (names.length > 0) options.later(() => options.disk.syncFolder(folder));
    await forEachConcurrent(names, 16, (name) => store.#read(join(folder, name), name));
    return store;
  }

  get revision(): number {
    return this.#revision;
  }

  /** All documents, in the order of their ids. */
  list(): readonly T[] {
    const entries = [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.map(([, value]) => value);
  }

  find(id: string): T | undefined {
    return this.#values.get(id);
  }

  commit(id: string, fn: (current: T | undefined) => T): Promise<T> {
    return this.#lock.run(id, async () => {
      if (!ID_PATTERN.test(id)) throw new RangeError('not a document id');
      const current = this.#values.get(id);
      const wanted = fn(current);
      if (wanted === current) return wanted;
      const adapter = this.#adapter(id);
      const next = adapter.checked(wanted);
      if (this.#options.idOf(next) !== id) throw new RangeError('a change may not change the id');
      await new Low<T | null>(adapter, next).write();
      this.#values.set(id, next);
      this.#revision += 1;
      return next;
    });
  }

  remove(id: string, only: (current: T) => boolean = () => true): Promise<void> {
    return this.#lock.run(id, async () => {
      const current = this.#values.get(id);
      if (current === undefined || !only(current)) return;
      const { disk, dir, folder } = this.#options;
      await disk.remove(join(dir, folder, `${id}.json`));
      this.#values.delete(id);
      this.#revision += 1;
    });
  }

  /**
   * Rewrites the documents for whose text `isOld` returns true, so that their secrets are sealed with the present key.
   * Returns the number of rewritten documents.
   */
  async reseal(isOld: (text: string) => boolean): Promise<number> {
    let count = 0;
    for (const id of this.#values.keys())
      await this.#lock.run(id, async () => {
        const { disk, dir, folder } = this.#options;
        const text = await disk.find(join(dir, folder, `${id}.json`));
        const value = this.#values.get(id);
        if (text === undefined || value === undefined || !isOld(text)) return;
        await new Low<T | null>(this.#adapter(id), value).write();
        count += 1;
      });
    return count;
  }

  /** Resolves when no document is being changed. */
  idle(): Promise<void> {
    return this.#lock.idle();
  }

  #adapter(id: string): DocumentAdapter<T> {
    const { disk, box, kind, dir, folder } = this.#options;
    return new DocumentAdapter(disk, box, kind, id, join(dir, folder, `${id}.json`));
  }

  async #read(path: string, name: string): Promise<void> {
    const { disk, dir, idOf, now, warn, later } = this.#options;
    if (name.endsWith('.json.tmp')) later(() => disk.discard(path));
    if (!name.endsWith('.json')) return;
    try {
      const id = name.slice(0, -'.json'.length);
      const document = new Low<T | null>(this.#adapter(id), null);
      await document.read();
      if (document.data === null) return;
      if (idOf(document.data) !== id)
        throw new DamagedDocumentError(`its content is that of ${idOf(document.data)}`, '');
      this.#values.set(id, document.data);
    } catch (error) {
      if (!(error instanceof DamagedDocumentError)) throw asUnavailable(path, error);
      const found = { path, problem: error.message, text: error.text };
      const damaged = setAside(disk, dir, found, now(), later);
      this.#options.onDamaged?.(damaged);
      warn('a damaged document was set aside', `${damaged.file}: ${damaged.problem}`);
    }
  }
}

function asUnavailable(path: string, error: unknown): unknown {
  return error instanceof Error && 'syscall' in error ? unavailable(`${path} cannot be read`, error) : error;
}
