/** Durable changes of files, and the one place that knows whether memory and disk may have drifted apart. */
import { dirname, join } from 'node:path';
import { systemClock } from '../../kernel/clock.js';
import { isOutOfDescriptors } from '../../kernel/descriptors.js';
import { AgentError } from '../../kernel/errors.js';
import { Gate } from './gate.js';
import { codeOf, isSyncError, type FileSystem } from './file-system.js';

/** After these the file system has surely changed nothing. */
const NOTHING_DONE = ['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE'];
/** How long a folder's fsync may wait for a descriptor to open it with. */
const DESCRIPTOR_WAIT_MS = 10_000;
const DESCRIPTOR_PAUSE_MS = 25;
/** Written and removed again to see whether there is room. */
const PROBE = 'room-probe.tmp';
/** As much as a document may take. */
const PROBE_BYTES = 65_536;

export function unavailable(detail: string, cause?: unknown): AgentError {
  const text = cause instanceof Error ? `${detail}: ${cause.message}` : detail;
  return new AgentError('state_unavailable', 'The request could not be recorded. Please try again later.', {
    role: 'agent',
    detail: text,
    retryAfterS: 30,
    ...(cause === undefined ? {} : { cause }),
  });
}

export class Disk {
  /** Replaced once the start is over. */
  fs: FileSystem;
  readonly #folders = new Map<string, Promise<void>>();
  readonly #gate = new Gate();
  #broken: string | undefined;
  /** Asked before every change; a reason to refuse this one and all others. */
  guard: () => string | undefined = () => undefined;
  #failing: string | undefined;

  constructor(fs: FileSystem) {
    this.fs = fs;
  }

  /** Why memory and disk may differ, or undefined while all is well. Nothing is written any more once it is set. */
  get broken(): string | undefined {
    return this.#broken;
  }

  /**
   * Why a write failed, or undefined once there was room for a probe since. A small write that succeeds says nothing:
   * on a full disk the last bytes come and go. Nothing was changed; requests that need a write are refused meanwhile.
   */
  get failing(): string | undefined {
    return this.#failing;
  }

  /** Tries whether the folder can be written again; nobody may ask for anything while the disk is full, so we do. */
  async probe(folder: string): Promise<void> {
    if (this.#failing === undefined || this.#broken !== undefined) return;
    const path = join(folder, PROBE);
    await this.#before(path, () => this.fs.write(path, 'x'.repeat(PROBE_BYTES))).then(
      () => (this.#failing = undefined),
      () => undefined,
    );
    await this.discard(path);
  }

  /** From now on every change is refused; the first reason is kept. */
  refuseAll(reason: string): void {
    this.#broken ??= reason;
  }

  /** The text, or undefined when there is no such file. */
  async find(path: string): Promise<string | undefined> {
    try {
      return await this.fs.read(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Names in a folder; none when it does not exist. */
  async list(path: string): Promise<string[]> {
    try {
      return await this.fs.list(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return [];
      throw error;
    }
  }

  /**
   * Old or new content after a crash, never a mix; new when it has resolved. Throws `state_unavailable`: nothing
   * changed, unless `broken` is set.
   */
  replace(path: string, text: string): Promise<void> {
    return this.#gate.pass(() => this.#replace(path, text));
  }

  async #replace(path: string, text: string): Promise<void> {
    this.#begin();
    const temp = `${path}.tmp`;
    await this.#before(temp, async () => {
      await this.ensureFolder(dirname(path));
      await this.fs.write(temp, text);
    });
    await this.#rename(temp, path);
    await this.#inDoubt(`fsync of ${dirname(path)}`, () => this.#sync(dirname(path)));
    // another write's failed fsync may have swallowed the error that was meant for this one
    this.#assertUsable();
  }

  /** Durable when it resolves. A failed append may leave a torn last line. */
  append(path: string, text: string): Promise<void> {
    return this.#gate.pass(() => this.#append(path, text));
  }

  async #append(path: string, text: string): Promise<void> {
    this.#begin();
    await this.#before(undefined, async () => {
      await this.ensureFolder(dirname(path));
      await this.fs.append(path, text);
    });
  }

  /** Moves between two folders of ours; after a power cut the file is in one of them or in both, never in none. */
  move(from: string, to: string): Promise<void> {
    return this.#gate.pass(() => this.#move(from, to));
  }

  async #move(from: string, to: string): Promise<void> {
    this.#begin();
    await this.#before(undefined, () => this.ensureFolder(dirname(to)));
    await this.#inDoubt(`move of ${from} to ${to}`, async () => {
      await this.fs.rename(from, to);
      await this.#sync(dirname(to));
      await this.#sync(dirname(from));
    });
  }

  /** Durable when it resolves; nothing happens when there is no such file. Throws `state_unavailable`. */
  remove(path: string): Promise<void> {
    return this.#gate.pass(() => this.#remove(path));
  }

  async #remove(path: string): Promise<void> {
    this.#begin();
    await this.#before(undefined, async () => {
      await this.fs.unlink(path).catch((error: unknown) => {
        if (codeOf(error) !== 'ENOENT') throw error;
      });
    });
    await this.#inDoubt(`fsync of ${dirname(path)}`, () => this.#sync(dirname(path)));
    this.#assertUsable();
  }

  /**
   * Runs `work` while no change is under way and none begins: what the folder shows then is one instant. Changes wait
   * meanwhile.
   */
  quietly<T>(work: () => Promise<T>): Promise<T> {
    return this.#gate.close(work);
  }

  /** Best effort: for files that nobody reads. */
  async discard(path: string): Promise<void> {
    await this.fs.unlink(path).catch(() => undefined);
  }

  async syncFolder(path: string): Promise<void> {
    await this.#inDoubt(`fsync of ${path}`, () => this.#sync(path));
  }

  /** Exists durably when it resolves; folders above are made too. Asked once per process and folder. */
  ensureFolder(path: string): Promise<void> {
    const known = this.#folders.get(path);
    if (known) return known;
    const making = this.#makeFolder(path);
    this.#folders.set(path, making);
    making.catch(() => this.#folders.delete(path));
    return making;
  }

  async #makeFolder(path: string): Promise<void> {
    try {
      await this.fs.mkdir(path);
    } catch (error) {
      // an earlier process may have made it without getting as far as the fsync: so that is done again
      if (codeOf(error) !== 'EEXIST') {
        if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
        await this.ensureFolder(dirname(path));
        await this.fs.mkdir(path);
      }
    }
    await this.fs.syncFolder(dirname(path));
  }

  /**
   * A folder that could not be opened for want of a descriptor is neither synced nor broken: what was renamed waits
   * for it.
   */
  async #sync(folder: string): Promise<void> {
    for (let waited = 0; ; waited += DESCRIPTOR_PAUSE_MS) {
      try {
        await this.fs.syncFolder(folder);
        return;
      } catch (error) {
        if (!isOutOfDescriptors(error) || waited >= DESCRIPTOR_WAIT_MS) throw error;
        this.#failing ??= String(error);
        await systemClock.sleep(DESCRIPTOR_PAUSE_MS);
      }
    }
  }

  #begin(): void {
    const reason = this.#broken === undefined ? this.guard() : undefined;
    if (reason !== undefined) this.refuseAll(reason);
    this.#assertUsable();
  }

  #assertUsable(): void {
    if (this.#broken !== undefined) throw unavailable(this.#broken);
  }

  async #before(temp: string | undefined, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failing = String(error);
      // a full disk may show only at the fsync; anything else there means that the disk has lost what it took
      if (isSyncError(error) && !NOTHING_DONE.includes(codeOf(error)))
        this.#doubt(`an fsync failed: ${String(error)}`);
      if (temp !== undefined) await this.discard(temp);
      throw unavailable('the write failed', error);
    }
  }

  async #rename(from: string, to: string): Promise<void> {
    try {
      await this.fs.rename(from, to);
    } catch (error) {
      this.#failing = String(error);
      if (!NOTHING_DONE.includes(codeOf(error))) this.#doubt(`rename to ${to} failed: ${String(error)}`);
      await this.discard(from);
      throw unavailable('the rename failed', error);
    }
  }

  async #inDoubt(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#doubt(`${what} failed: ${String(error)}`);
      throw unavailable(`${what} failed`, error);
    }
  }

  /** A folder that was taken away from under a change makes it fail as well: then that is the reason. */
  #doubt(failure: string): void {
    if (this.#broken === undefined) this.refuseAll(this.guard() ?? failure);
  }
}
