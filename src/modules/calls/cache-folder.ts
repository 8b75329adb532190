/**
 * The cached values of one module on disk. Each value is a file, which is encrypted because a value may contain what a
 * remote system has answered. The files are written without an fsync: a cached value may be lost.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { type Static, Type } from 'typebox';
import { lazyCheck } from '../../kernel/lazy-check.js';
import type { Json } from '../../kernel/json.js';
import { Secret } from '../../kernel/secret.js';

const EntrySchema = Type.Object({
  key: Type.String(),
  value: Type.Unknown(),
  tags: Type.Array(Type.String()),
  /** Epoch ms. */
  expires_at: Type.Number(),
});
export interface CacheEntry extends Omit<Static<typeof EntrySchema>, 'value'> {
  readonly value: Json;
}
const check = lazyCheck(EntrySchema);

/** Encrypts texts for this folder and decrypts them; `SecretBox` has these functions. */
export interface Sealing {
  seal(place: string, text: Secret): string;
  open(place: string, text: string): Secret;
}

export interface CacheLimits {
  /** All files of one module, in bytes. */
  readonly diskBytes: number;
  readonly entries: number;
}

interface Known {
  readonly bytes: number;
  readonly tags: readonly string[];
  readonly expiresAt: number;
}

const SUFFIX = '.cache';

export class CacheFolder {
  readonly #dir: string;
  readonly #box: Sealing;
  /** The least recently used file is first. */
  readonly #files: LRUCache<string, Known>;
  /** Files that were dropped from the list, and are removed by the next change. */
  readonly #dropped = new Set<string>();

  private constructor(dir: string, box: Sealing, limits: CacheLimits) {
    this.#dir = dir;
    this.#box = box;
    this.#files = new LRUCache<string, Known>({
      max: limits.entries,
      maxSize: limits.diskBytes,
      sizeCalculation: ({ bytes }) => bytes,
      dispose: (_, file, reason) => {
        if (reason !== 'set') this.#dropped.add(file);
      },
    });
  }

  /** Reads the folder, which need not exist. Files that cannot be read are removed. */
  static async open(dir: string, box: Sealing, limits: CacheLimits): Promise<CacheFolder> {
    const folder = new CacheFolder(dir, box, limits);
    await folder.#load();
    return folder;
  }

  /** Undefined if there is no such value, or if it cannot be read. */
  async get(key: string, now: number): Promise<CacheEntry | undefined> {
    const file = fileOf(key);
    const known = this.#files.get(file);
    if (!known) return undefined;
    const entry = known.expiresAt > now ? await this.#read(file) : undefined;
    if (entry?.key === key) return entry;
    this.#files.delete(file);
    await this.#removeDropped();
    return undefined;
  }

  /** Marks the value as used, so that it is dropped later than others. */
  touch(key: string): void {
    this.#files.get(fileOf(key));
  }

  /** Throws the system's error if the file cannot be written. In that case, the folder has no value with this key. */
  async put(entry: CacheEntry): Promise<void> {
    const file = fileOf(entry.key);
    const sealed = this.#box.seal(this.#placeOf(file), new Secret(JSON.stringify(entry)));
    const temporary = join(this.#dir, `.${randomBytes(6).toString('hex')}.tmp`);
    try {
      await mkdir(this.#dir, { recursive: true, mode: 0o700 });
      await writeFile(temporary, sealed, { mode: 0o600 });
      await rename(temporary, join(this.#dir, file));
    } catch (error) {
      this.#files.delete(file);
      await rm(temporary, { force: true }).catch(() => undefined);
      await this.#removeDropped();
      throw error;
    }
    this.#dropped.delete(file);
    this.#files.set(file, { bytes: sealed.length, tags: entry.tags, expiresAt: entry.expires_at });
    await this.#removeDropped();
  }

  /** Resolves to whether there was a value that is still valid. */
  async remove(key: string, now: number): Promise<boolean> {
    const file = fileOf(key);
    const known = this.#files.peek(file);
    this.#files.delete(file);
    await this.#removeDropped();
    return known !== undefined && known.expiresAt > now;
  }

  /** Removes the values with one of the tags, or all values. Resolves to the number of those that were still valid. */
  async flush(tags: readonly string[] | undefined, now: number): Promise<number> {
    let count = 0;
    for (const [file, known] of [...this.#files.entries()]) {
      if (tags && !known.tags.some((tag) => tags.includes(tag))) continue;
      if (known.expiresAt > now) count += 1;
      this.#files.delete(file);
    }
    await this.#removeDropped();
    return count;
  }

  async #load(): Promise<void> {
    const names = await readdir(this.#dir).catch(() => []);
    const found = [];
    for (const name of names) {
      const at = join(this.#dir, name);
      const [entry, about] = name.endsWith(SUFFIX)
        ? [await this.#read(name), await stat(at).catch(() => undefined)]
        : [];
      if (entry && about) found.push({ name, entry, bytes: about.size, at: about.mtimeMs });
      else this.#dropped.add(name);
    }
    for (const { name, entry, bytes } of found.sort((a, b) => a.at - b.at))
      this.#files.set(name, { bytes, tags: entry.tags, expiresAt: entry.expires_at });
    await this.#removeDropped();
  }

  async #read(file: string): Promise<CacheEntry | undefined> {
    try {
      const text = await readFile(join(this.#dir, file), 'utf8');
      const entry: unknown = JSON.parse(this.#box.open(this.#placeOf(file), text).reveal());
      // the value was plain JSON when it was written
      return check.Check(entry) ? { ...entry, value: entry.value as Json } : undefined;
    } catch {
      return undefined;
    }
  }

  /** A file that cannot be removed is removed when the folder is opened again. */
  async #removeDropped(): Promise<void> {
    const files = [...this.#dropped];
    this.#dropped.clear();
    for (const file of files) await rm(join(this.#dir, file), { force: true }).catch(() => undefined);
  }

  /** A file that is moved to another name cannot be decrypted. */
  #placeOf(file: string): string {
    return `module-cache/${file}`;
  }
}

function fileOf(key: string): string {
  return `${createHash('sha256').update(key).digest('hex').slice(0, 40)}${SUFFIX}`;
}
