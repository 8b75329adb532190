/** Makes durable changes of files. Also records whether a failed write may have left memory and disk different. */
import { dirname, join } from 'node:path';
import { systemClock } from '../../kernel/clock.js';
import { isOutOfDescriptors } from '../../kernel/descriptors.js';
import { AgentError } from '../../kernel/errors.js';
import { Gate } from './gate.js';
import { codeOf, isSyncError, type FileSystem } from './file-system.js';

/** Errors after which it is certain that the file system has changed nothing. */
const NOTHING_DONE = ['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE'];
/** How long the fsync of a folder waits for a free file descriptor. */
const DESCRIPTOR_WAIT_MS = 10_000;
const DESCRIPTOR_PAUSE_MS = 25;
/** The file that a probe writes and removes again to check whether the disk has space. */
const PROBE = 'room-probe.tmp';
/** Size of the probe: the largest size of a document. */
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
  /** The file operations. During a start, blocking operations are used, which are replaced at the end of the start. */
  fs: FileSystem;
  readonly #folders = new Map<string, Promise<void>>();
  readonly #gate = new Gate();
  #broken: string | undefined;
  /** Called before every change. If the guard returns a reason, this change and all further changes are refused. */
  guard: () => string | undefined = () => undefined;
  #failing: string | undefined;

  constructor(fs: FileSystem) {
    this.fs = fs;
  }

  /** Why memory and disk may differ, or undefined if they do not. Once this is set, nothing more is written. */
  get broken(): string | undefined {
    return this.#broken;
  }

  /**
   * Why a write failed, or undefined once a later probe has succeeded. A successful small write does not reset this,
   * because on a full disk a few bytes may become free for a moment. The failed write changed nothing. Requests that
   * need a write are refused until the probe succeeds.
   */
  get failing(): string | undefined {
    return this.#failing;
  }

  /**
   * Checks whether files can be written to the folder again. The agent calls this regularly and does not wait for a
   * request that writes, because there may be none for a long time.
   */
  async probe(folder: string): Promise<void> {
    if (this.#failing === undefined || this.#broken !== undefined) return;
    const path = join(folder, PROBE);
    await this.#before(path, () => this.fs.write(path, 'x'.repeat(PROBE_BYTES))).then(
      () => (this.#failing = undefined),
      () => undefined,
    );
    await this.discard(path);
  }

  /** Refuses every change from now on. Later calls keep the first reason. */
  refuseAll(reason: string): void {
    this.#broken ??= reason;
  }

  /** The text of a file, or undefined when the file does not exist. */
  async find(path: string): Promise<string | undefined> {
    try {
      return await this.fs.read(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Names in a folder; empty when it does not exist. */
  async list(path: string): Promise<string[]> {
    try {
      return await this.fs.list(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return [];
      throw error;
    }
  }

  /**
   * Replaces the content of a file durably. After a crash the file has either the old or the new content, never a mix.
   * Throws `state_unavailable`; in that case nothing has changed, unless `broken` is set.
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
    // the kernel reports an fsync error only once, so the error of this write may have been reported to a concurrent
    // write
    this.#assertUsable();
  }

  /** The text is durable when the promise resolves. A failed append may leave an incomplete last line. */
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

  /**
   * Moves a file between two subfolders of the state folder. After a power failure, the file is in at least one of
   * them.
   */
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

  /** Removes a file durably, or does nothing if the file does not exist. Throws `state_unavailable`. */
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
   * Runs `work` while no change is in progress, so that `work` sees the folder as it is at one instant. New changes
   * wait until `work` has ended.
   */
  quietly<T>(work: () => Promise<T>): Promise<T> {
    return this.#gate.close(work);
  }

  /** Tries to remove a file that the agent never reads. Failures are ignored. */
  async discard(path: string): Promise<void> {
    await this.fs.unlink(path).catch(() => undefined);
  }

  async syncFolder(path: string): Promise<void> {
    await this.#inDoubt(`fsync of ${path}`, () => this.#sync(path));
  }

  /**
   * Creates a folder and its parent folders durably. A folder that this process has already created durably is skipped.
   */
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
      // an earlier process may have created the folder and ended before the fsync, so the fsync is repeated
      if (codeOf(error) !== 'EEXIST') {
        if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error;
        await this.ensureFolder(dirname(path));
        await this.fs.mkdir(path);
      }
    }
    await this.fs.syncFolder(dirname(path));
  }

  /**
   * If a folder cannot be opened because no descriptor is free, the fsync waits for a descriptor. A lack of descriptors
   * does not set `broken`.
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
      // an fsync may be the first call that reports a full disk; any other error of an fsync means that the disk has
      // lost written data
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

  /**
   * Records why memory and disk may differ. If the folder was removed or replaced, that is the real reason for the
   * failure.
   */
  #doubt(failure: string): void {
    if (this.#broken === undefined) this.refuseAll(this.guard() ?? failure);
  }
}
