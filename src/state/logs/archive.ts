/**
 * The append-only archive of ended jobs. Each job is one line in the file of the day that its id contains (UUID v7). If
 * an id has several lines, the last one is valid.
 */
import { join } from 'node:path';
import { lazyCheck } from '../../kernel/lazy-check.js';
import { Type } from 'typebox';
import { version as versionOf } from 'uuid';
import { type Job, madeAt } from '../../model/job.js';
import { ID_PATTERN, type ServiceKey } from '../../model/service.js';
import type { JobArchive } from '../contract.js';
import { unavailable, type Disk } from '../files/disk.js';
import { codeOf } from '../files/file-system.js';
import { JobSchema } from '../documents/job-schema.js';
import { KeyedLock } from '../../kernel/async/keyed-lock.js';

const CHUNK = 256 * 1024;
const NEWLINE = 10;

type Entry = { key: ServiceKey; job: Job };

const lineCheck = lazyCheck(
  Type.Object({ archived: Type.String(), panel: Type.String(), id: Type.String(), job: JobSchema }),
);

export class Archive implements JobArchive {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #lock = new KeyedLock();
  /** Files that are known to end with a complete line. */
  readonly #whole = new Set<string>();

  constructor(disk: Disk, dir: string) {
    this.#disk = disk;
    this.#folder = join(dir, 'archive');
  }

  async append({ key, job }: Entry): Promise<void> {
    const path = this.#pathOf(job.id);
    if (path === undefined) throw new RangeError('a job id must be a UUID v7');
    const [panel = '', id = ''] = key.split('/');
    // the line begins with the id, and JSON has no raw line breaks, so a line is found without parsing the lines before
    // it
    const line = `${JSON.stringify({ archived: job.id, panel, id, job })}\n`;
    await this.#lock.run(path, async () => {
      const known = this.#whole.has(path);
      const torn = !known && (await this.#endsTorn(path));
      this.#whole.delete(path);
      await this.#disk.append(path, torn ? `\n${line}` : line);
      // the first line of a new file is durable only once the file's name is durable
      if (!known) await this.#disk.syncFolder(this.#folder);
      this.#whole.add(path);
    });
  }

  async find(id: string): Promise<Entry | undefined> {
    const path = this.#pathOf(id);
    if (path === undefined) return undefined;
    const needle = Buffer.from(`{"archived":"${id}"`);
    let end = await this.#sizeOf(path);
    for (;;) {
      const at = await this.#lastLineStart(path, needle, end);
      if (at === undefined) return undefined;
      const entry = parseLine(await this.#lineAt(path, at), id);
      if (entry) return entry;
      // a power failure has left this line incomplete, but an earlier line of the same id may be complete
      end = at + needle.length - 1;
    }
  }

  /** Resolves when no line is being written. */
  idle(): Promise<void> {
    return this.#lock.idle();
  }

  /** Undefined if the id contains no time, so that there is no file for its day. */
  #pathOf(id: string): string | undefined {
    const canonical = id.toLowerCase();
    if (canonical !== id || !/^[0-9a-f-]{36}$/.test(id) || !isVersion7(id)) return undefined;
    const time = madeAt(id);
    const date = new Date(time);
    return Number.isNaN(date.getTime())
      ? undefined
      : join(this.#folder, `${date.toISOString().slice(0, 10)}.ndjson`);
  }

  async #sizeOf(path: string): Promise<number> {
    try {
      return await this.#disk.fs.size(path);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 0;
      throw unavailable(`${path} cannot be read`, error);
    }
  }

  async #endsTorn(path: string): Promise<boolean> {
    const size = await this.#sizeOf(path);
    if (size === 0) return false;
    const last = await this.#disk.fs.readRange(path, size - 1, 1);
    return last[0] !== NEWLINE;
  }

  /**
   * Returns the offset of the last line before `end` that starts with the needle. The search runs backwards, because
   * most requests are for recent jobs.
   */
  async #lastLineStart(path: string, needle: Buffer, end: number): Promise<number | undefined> {
    for (let stop = end; stop > 0; stop -= CHUNK) {
      const start = Math.max(0, stop - CHUNK);
      // the byte before the chunk shows whether a line starts there; some bytes after the chunk are read in case the
      // needle crosses its end
      const from = Math.max(0, start - 1);
      const until = Math.min(end, stop + needle.length - 1);
      const bytes = await this.#disk.fs.readRange(path, from, until - from);
      for (
        let at = bytes.lastIndexOf(needle);
        at >= 0;
        at = at === 0 ? -1 : bytes.lastIndexOf(needle, at - 1)
      ) {
        if (from + at === 0 || bytes[at - 1] === NEWLINE) return from + at;
      }
    }
    return undefined;
  }

  async #lineAt(path: string, start: number): Promise<string> {
    const parts: Buffer[] = [];
    for (let at = start; ; at += CHUNK) {
      const bytes = await this.#disk.fs.readRange(path, at, CHUNK);
      const stop = bytes.indexOf(NEWLINE);
      parts.push(stop < 0 ? bytes : bytes.subarray(0, stop));
      if (stop >= 0 || bytes.length < CHUNK) return Buffer.concat(parts).toString('utf8');
    }
  }
}

function isVersion7(id: string): boolean {
  try {
    return versionOf(id) === 7;
  } catch {
    return false;
  }
}

function parseLine(line: string, id: string): Entry | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (!lineCheck.Check(value) || value.archived !== id) return undefined;
    if (!ID_PATTERN.test(value.panel) || !ID_PATTERN.test(value.id)) return undefined;
    return { key: `${value.panel}/${value.id}`, job: value.job };
  } catch {
    return undefined;
  }
}
