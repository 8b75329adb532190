/**
 * The collections of all modules, in `collections/<type>/<module>/<name>/`. A collection is opened at its first use.
 * Those that were used least recently are closed when too many documents are in memory.
 */
import { KeyedLock } from '../../kernel/async/keyed-lock.js';
import { AgentError } from '../../kernel/errors.js';
import type { CollectionId, CollectionShape, ServiceLife } from '../../model/collection.js';
import type { CollectionMigration, CollectionStore, OpenCollection } from '../contract.js';
import { type Disk, unavailable } from '../files/disk.js';
import type { Resealable } from '../keys/key-rotation.js';
import type { SecretBox } from '../keys/secret-box.js';
import type { DamagedDocument } from '../stores/damaged.js';
import { CollectionFiles } from './collection-files.js';
import { folderOf, foldersOf, textOf } from './collection-folders.js';
import { refuseDamaged, setCollectionAside } from './damaged-collection.js';
import { DamagedCollectionError } from './collection-lines.js';
import { adopt } from './fit-collection.js';
import { migrateCollection } from './migrate-collection.js';
import { type Opened, openCollection } from './open-collection.js';

export interface CollectionsOptions {
  readonly disk: Disk;
  readonly box: SecretBox;
  /** The state folder. */
  readonly dir: string;
  /** RFC 3339 */
  readonly now: () => string;
  readonly warn: (message: string, detail: string) => void;
  /** Called for each file that is set aside. */
  readonly onDamaged: (found: DamagedDocument) => void;
  /** Default: 200,000. */
  readonly mostInMemory?: number;
}

interface Entry extends Opened {
  readonly shape: CollectionShape;
  /** Calls that use the collection. */
  users: number;
  /** Called when no call uses the collection any more. Present once no further call may begin. */
  onUnused?: () => void;
}

/** Documents whose keys and indexes are in memory. One takes some 500 bytes. */
const MOST_IN_MEMORY = 200_000;

export class Collections implements CollectionStore, Resealable {
  readonly #options: CollectionsOptions;
  /** By their ids, the one that was used least recently first. */
  readonly #open = new Map<string, Entry>();
  /** Opens, closes and rewrites one collection at a time. */
  readonly #turns = new KeyedLock();

  constructor(options: CollectionsOptions) {
    this.#options = options;
  }

  async use<R>(
    id: CollectionId,
    shape: CollectionShape,
    work: (collection: OpenCollection) => Promise<R>,
  ): Promise<R> {
    const entry = this.#begin(id, shape) ?? (await this.#opened(id, shape));
    try {
      return await work(entry.collection);
    } finally {
      this.#end(entry);
    }
  }

  migrate({ id, shape, change, end, signal }: CollectionMigration): Promise<void> {
    return this.#alone(id, async () => {
      const found = await this.#load(id, shape);
      const done = found.file.header.migration;
      if (done >= shape.migration || found.collection.count === 0) {
        // without documents, the first use takes on the shape
        if (found.collection.count > 0) await adopt(found, id, shape);
        return;
      }
      await migrateCollection({
        ...found,
        ...{ shape, end, signal, now: this.#options.now },
        change: (chunk) => change(chunk, done),
      });
    });
  }

  async removeOver(isOver: (life: ServiceLife) => boolean): Promise<number> {
    let count = 0;
    for (const id of await foldersOf(this.#options.disk, this.#options.dir))
      await this.#withDocuments(id, async ({ collection }) => {
        for (const life of [...collection.services()])
          if (isOver(life)) count += await collection.removeOf(life);
      });
    return count;
  }

  async discard(module: CollectionId['module']): Promise<void> {
    await this.#eachOf(module, async (id) => {
      const { file, files } = await this.#load(id, await this.#bareShape(id));
      await files.removeCopy(file);
    });
  }

  async drop(module: CollectionId['module']): Promise<void> {
    const { disk, dir } = this.#options;
    await this.#eachOf(module, (id) => new CollectionFiles(disk, folderOf(dir, id)).removeAll());
  }

  async reseal(isOld: (text: string) => boolean): Promise<number> {
    let count = 0;
    for (const id of await foldersOf(this.#options.disk, this.#options.dir))
      await this.#alone(id, async () => {
        const found = await this.#load(id, await this.#bareShape(id));
        const rewritten = await found.collection.reseal(isOld);
        // an interrupted migration may have copied secrets that are sealed with the former key
        await found.files.removeCopy(found.file);
        count += rewritten;
      }).catch(ignoreDamaged);
    return count;
  }

  /** Resolves when no collection is being opened or changed. */
  async idle(): Promise<void> {
    await this.#turns.idle();
    await Promise.all([...this.#open.values()].map(({ collection }) => collection.idle()));
  }

  async #eachOf(module: CollectionId['module'], work: (id: CollectionId) => Promise<void>): Promise<void> {
    const { disk, dir } = this.#options;
    for (const id of await foldersOf(disk, dir))
      if (id.module.type === module.type && id.module.name === module.name)
        await this.#alone(id, () => work(id));
  }

  /** Begins a call if the collection is open. */
  #begin(id: CollectionId, shape: CollectionShape): Entry | undefined {
    const key = textOf(id);
    const entry = this.#open.get(key);
    if (!entry || entry.onUnused || !isSameShape(entry.shape, shape)) return undefined;
    entry.users += 1;
    this.#open.delete(key);
    this.#open.set(key, entry);
    return entry;
  }

  #end(entry: Entry): void {
    entry.users -= 1;
    if (entry.users === 0) entry.onUnused?.();
    this.#makeRoom();
  }

  #opened(id: CollectionId, shape: CollectionShape): Promise<Entry> {
    return this.#turns.run(textOf(id), async () => {
      const found = this.#begin(id, shape);
      if (found) return found;
      await this.#close(id);
      const opened = await this.#load(id, shape);
      const isNew = await adopt(opened, id, shape);
      const entry: Entry = { ...(isNew ? await this.#load(id, shape) : opened), shape, users: 1 };
      this.#open.set(textOf(id), entry);
      return entry;
    });
  }

  /** Runs `work` while no call uses the collection, and the collection is not open. */
  #alone<R>(id: CollectionId, work: () => Promise<R>): Promise<R> {
    return this.#turns.run(textOf(id), async () => {
      await this.#close(id);
      return work();
    });
  }

  /** Uses the collection as it is open, or opens it for this work only, whether its module is installed or not. */
  #withDocuments(id: CollectionId, work: (opened: Opened) => Promise<void>): Promise<void> {
    return this.#turns
      .run(textOf(id), async () => {
        const open = this.#open.get(textOf(id));
        if (open) return work(open);
        const shape = await this.#bareShape(id);
        if (!shape.service) return;
        const opened = await this.#load(id, shape);
        await work(opened);
        await opened.collection.idle();
      })
      .catch(ignoreDamaged);
  }

  async #close(id: CollectionId): Promise<void> {
    const entry = this.#open.get(textOf(id));
    if (!entry) return;
    await new Promise<void>((resolve) => {
      entry.onUnused = resolve;
      if (entry.users === 0) resolve();
    });
    await entry.collection.idle();
    this.#open.delete(textOf(id));
  }

  async #load(id: CollectionId, shape: CollectionShape): Promise<Opened> {
    const { disk, box, dir, now, warn, onDamaged } = this.#options;
    await refuseDamaged(disk, dir, id);
    try {
      return await openCollection({ disk, box, folder: folderOf(dir, id), id: textOf(id), shape, now });
    } catch (error) {
      if (!(error instanceof DamagedCollectionError)) throw asUnavailable(id, error);
      const damaged = await setCollectionAside(disk, dir, id, error, now());
      onDamaged(damaged);
      warn('a damaged document was set aside', `${damaged.file}: ${damaged.problem}`);
      await refuseDamaged(disk, dir, id);
      throw error;
    }
  }

  /** What the file says about its documents, without indexes. */
  async #bareShape({ name, ...at }: CollectionId): Promise<CollectionShape> {
    const { disk, dir } = this.#options;
    const header = await new CollectionFiles(disk, folderOf(dir, { name, ...at })).header();
    const { migration = 0, rules = '', service = false } = header ?? {};
    return { name, indexes: {}, migration, rules, service };
  }

  /** Closes collections that no call uses while too many documents are in memory. */
  #makeRoom(): void {
    const { mostInMemory = MOST_IN_MEMORY } = this.#options;
    let documents = 0;
    for (const { collection } of this.#open.values()) documents += collection.count;
    for (const [key, entry] of this.#open) {
      if (documents <= mostInMemory || this.#open.size <= 1) return;
      if (entry.users > 0 || entry.onUnused) continue;
      documents -= entry.collection.count;
      entry.onUnused = (): void => {};
      void this.#turns.run(key, async () => {
        await entry.collection.idle();
        if (this.#open.get(key) === entry) this.#open.delete(key);
      });
    }
  }
}

function isSameShape(a: CollectionShape, b: CollectionShape): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

function asUnavailable(id: CollectionId, error: unknown): unknown {
  const isOfSystem = error instanceof Error && 'syscall' in error;
  return isOfSystem ? unavailable(`the collection ${textOf(id)} cannot be read`, error) : error;
}

function ignoreDamaged(error: unknown): void {
  if (!(error instanceof AgentError) || error.code !== 'state_damaged') throw error;
}
