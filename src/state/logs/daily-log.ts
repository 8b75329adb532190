/**
 * An append-only log of JSON lines, with one file for each day (UTC) on which lines are written. Lines that are added
 * at the same time are written with one append and one fsync. A line that a power failure has left incomplete is
 * terminated with a line break and skipped. A cursor is a position in a file, so the cost of a page does not depend on
 * the size of the log.
 */
import { join } from 'node:path';
import { unavailable, type Disk } from '../files/disk.js';
import { codeOf } from '../files/file-system.js';
import { BYTES_BEFORE, digestBefore, type LogCursors, type LogPlace } from './log-cursor.js';

const NEWLINE = 10;
const CHUNK = 256 * 1024;
/**
 * Maximum number of bytes that are read for one page. Without this limit, a request for a panel with few lines could
 * read the whole log.
 */
const MOST_READ = 4 * 1024 * 1024;

export interface DailyLogOptions<T> {
  readonly disk: Disk;
  /** A folder used only by this log. */
  readonly folder: string;
  /** RFC 3339 */
  readonly now: () => string;
  /**
   * Returns false after a clock jump. While the clock is not trusted, no file for a new day is created, and no file is
   * removed as too old.
   */
  readonly clockTrusted: () => boolean;
  /** How long a day's file is kept, in ms. */
  readonly keepMs: number;
  /** Undefined for an invalid line. */
  readonly parse: (text: string) => T | undefined;
  readonly cursors: LogCursors;
}

export interface LogPage<T> {
  readonly lines: readonly T[];
  /**
   * The cursor of the next page, even if the log is empty. Undefined if the log cannot be read from the cursor `after`.
   */
  readonly next: string | undefined;
  readonly more: boolean;
  /**
   * True if the cursor `after` is from another log, or if the log no longer contains its position. If `gone` is false
   * and `next` is undefined, the text `after` is not a cursor.
   */
  readonly gone: boolean;
}

export interface LogQuery<T> {
  /** The reader that owns the cursors. Cursors are not valid for other readers. */
  readonly reader: string;
  /** The cursor to continue from. Without a cursor, reading starts with the oldest line. */
  readonly after: string | undefined;
  /** The first day to read if there is no cursor (`YYYY-MM-DD`). */
  readonly fromDay?: string;
  readonly limit: number;
  readonly wanted: (line: T) => boolean;
}

/** The position before the first line of a log. An empty log has this position too. */
const START: LogPlace = { day: '', offset: 0 };
/**
 * The position in a cursor moves past lines of other readers only after at least this many bytes of them. The cursor
 * therefore does not reveal when other readers get new lines.
 */
const MOST_REREAD = 64 * 1024;

interface Batch<T> {
  values: T[];
  readonly done: Promise<void>;
  readonly settle: (error?: unknown) => void;
}

export class DailyLog<T> {
  readonly #options: DailyLogOptions<T>;
  #batch: Batch<T> | undefined;
  #writing: Promise<void> | undefined;
  /** The file that is being written and its durable length. Readers see only the durable part. */
  #open: LogPlace | undefined;

  constructor(options: DailyLogOptions<T>) {
    this.#options = options;
  }

  /**
   * Adds lines, which are durable when the promise resolves. If the promise rejects, the lines are not lost: they are
   * kept in memory and written together with the next lines.
   */
  add(values: readonly T[]): Promise<void> {
    this.#batch ??= newBatch<T>();
    this.#batch.values.push(...values);
    const { done } = this.#batch;
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
    return done;
  }

  /** Number of lines that are not durable yet. */
  get waiting(): number {
    return this.#batch?.values.length ?? 0;
  }

  /** Keeps at most `most` unwritten lines, and drops the oldest ones. */
  keepWaiting(most: number): void {
    if (this.#batch && this.#batch.values.length > most) this.#batch.values = this.#batch.values.slice(-most);
  }

  async read(query: LogQuery<T>): Promise<LogPage<T>> {
    const start = await this.#startOf(query);
    if (start === undefined || start === 'gone')
      return { lines: [], next: undefined, more: false, gone: start === 'gone' };
    const { reader, fromDay = '', limit, wanted } = query;
    const days = (await this.#days()).filter((day) => day >= fromDay && day >= start.day);
    const found: T[] = [];
    // `kept` is the position after the last matching line, `place` the position after the last line that was read
    let [kept, place, looked] = [start, start, 0];
    const page = async (more: boolean): Promise<LogPage<T>> => {
      return {
        lines: found,
        next: await this.#cursorOf(reader, restingPlace(kept, place)),
        more,
        gone: false,
      };
    };
    for (const day of days) {
      for (let at = day === start.day ? start : { day, offset: 0 }; ; at = place) {
        const { lines, bytes } = await this.#linesFrom(at);
        if (lines.length === 0) break;
        looked += bytes;
        place = at;
        for (const { text, length } of lines) {
          place = { day, offset: place.offset + length };
          const value = this.#options.parse(text);
          if (value === undefined || !wanted(value)) continue;
          found.push(value);
          kept = place;
          if (found.length >= limit) return page(true);
        }
        if (looked >= MOST_READ) return page(true);
      }
    }
    return page(false);
  }

  /** The cursor after the newest line, for this reader. */
  async latest(reader: string): Promise<string> {
    for (const day of (await this.#days()).reverse()) {
      const offset = await this.#sizeOf(day);
      if (offset > 0) return this.#cursorOf(reader, { day, offset });
    }
    return this.#cursorOf(reader, START);
  }

  /** All lines of the newest days that have a file, oldest day first. */
  async newestDays(count: number): Promise<T[][]> {
    const days: T[][] = [];
    for (const day of (await this.#days()).slice(-count)) {
      const values: T[] = [];
      for (let place: LogPlace = { day, offset: 0 }; ;) {
        const { lines, bytes } = await this.#linesFrom(place);
        if (lines.length === 0) break;
        for (const { text } of lines) {
          const value = this.#options.parse(text);
          if (value !== undefined) values.push(value);
        }
        place = { day, offset: place.offset + bytes };
      }
      days.push(values);
    }
    return days;
  }

  async removeOld(): Promise<void> {
    const oldest = this.#oldestDay();
    for (const day of await this.#days())
      if (day < oldest) await this.#options.disk.remove(this.#pathOf(day));
  }

  async idle(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /**
   * Writes all waiting lines in one append, so that a burst costs one fsync. Never rejects. A failure is reported by
   * the promises that `add` has returned.
   */
  async #writeAll(): Promise<void> {
    for (let batch = this.#batch; batch && batch.values.length > 0; batch = this.#batch) {
      this.#batch = undefined;
      try {
        await this.#append(batch.values.map((value) => `${JSON.stringify(value)}\n`).join(''));
        batch.settle();
      } catch (error) {
        this.#open = undefined;
        this.#keep(batch, error);
        return;
      }
    }
  }

  /**
   * Keeps the lines that could not be written for the next write. The promises of lines that were added in the meantime
   * are rejected too.
   */
  #keep(failed: Batch<T>, error: unknown): void {
    const late = this.#batch;
    this.#batch = newBatch<T>([...failed.values, ...(late?.values ?? [])]);
    failed.settle(error);
    late?.settle(error);
  }

  async #append(text: string): Promise<void> {
    const { disk } = this.#options;
    const day = await this.#writtenDay();
    const known = this.#open?.day === day ? this.#open : undefined;
    const size = known?.offset ?? (await this.#fileSize(day));
    const torn = !known && size > 0 && (await this.#endsTorn(day, size));
    const bytes = torn ? `\n${text}` : text;
    await disk.append(this.#pathOf(day), bytes);
    if (!known) await disk.syncFolder(this.#options.folder);
    if (!known && this.#open) await this.removeOld();
    this.#open = { day, offset: size + Buffer.byteLength(bytes) };
  }

  async #linesFrom({
    day,
    offset,
  }: LogPlace): Promise<{ lines: { text: string; length: number }[]; bytes: number }> {
    const size = await this.#sizeOf(day);
    const lines: { text: string; length: number }[] = [];
    for (let length = CHUNK; offset < size && lines.length === 0; length *= 2) {
      const wanted = Math.min(length, size - offset);
      const bytes = await this.#range(day, offset, wanted);
      let from = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
        lines.push({ text: bytes.toString('utf8', from, end), length: end + 1 - from });
        from = end + 1;
      }
      if (wanted === size - offset) break;
    }
    return { lines, bytes: lines.reduce((sum, { length }) => sum + length, 0) };
  }

  async #cursorOf(reader: string, place: LogPlace): Promise<string> {
    // if the log is empty, the day in the cursor is the day on which the cursor was issued
    const day = place.offset === 0 ? await this.#writtenDay() : place.day;
    return this.#options.cursors.seal(reader, { ...place, day, before: await this.#digestBefore(place) });
  }

  async #startOf({ reader, after }: LogQuery<T>): Promise<LogPlace | 'gone' | undefined> {
    if (after === undefined) return START;
    const cursor = await this.#options.cursors.open(reader, after);
    if (cursor === undefined || cursor === 'gone') return cursor;
    // the cursor was issued while the log was empty. If no file can have been removed since then, reading starts at the
    // first line.
    if (cursor.offset === 0) return cursor.day < this.#oldestDay() ? 'gone' : START;
    if (cursor.offset > (await this.#sizeOf(cursor.day))) return 'gone';
    return cursor.before.equals(await this.#digestBefore(cursor)) ? cursor : 'gone';
  }

  async #digestBefore({ day, offset }: LogPlace): Promise<Buffer> {
    const from = Math.max(0, offset - BYTES_BEFORE);
    return digestBefore(offset === 0 ? Buffer.alloc(0) : await this.#range(day, from, offset - from));
  }

  /** The oldest day whose file is kept. */
  #oldestDay(): string {
    const { now, keepMs, clockTrusted } = this.#options;
    return clockTrusted() ? new Date(Date.parse(now()) - keepMs).toISOString().slice(0, 10) : '';
  }

  /** In ascending order. */
  async #days(): Promise<string[]> {
    const names = await this.#options.disk.list(this.#options.folder);
    return names
      .filter((name) => /^\d{4}-\d\d-\d\d\.ndjson$/.test(name))
      .map((name) => name.slice(0, 10))
      .sort();
  }

  /**
   * The day of the file to which lines are written. It is never earlier than the day of the newest file, even if the
   * clock was set back, because readers would not notice new lines in files that they have already read.
   */
  async #writtenDay(): Promise<string> {
    const today = this.#options.now().slice(0, 10);
    const newest = this.#open?.day ?? (await this.#days()).at(-1);
    if (newest === undefined) return today;
    return newest > today || !this.#options.clockTrusted() ? newest : today;
  }

  #pathOf(day: string): string {
    return join(this.#options.folder, `${day}.ndjson`);
  }

  async #sizeOf(day: string): Promise<number> {
    return this.#open?.day === day ? this.#open.offset : this.#fileSize(day);
  }

  async #fileSize(day: string): Promise<number> {
    try {
      return await this.#options.disk.fs.size(this.#pathOf(day));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 0;
      throw unavailable('a log cannot be read', error);
    }
  }

  /** Reads part of a file. The result is empty if the file has been removed in the meantime because it was too old. */
  async #range(day: string, offset: number, length: number): Promise<Buffer> {
    try {
      return await this.#options.disk.fs.readRange(this.#pathOf(day), offset, length);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return Buffer.alloc(0);
      throw unavailable('a log cannot be read', error);
    }
  }

  async #endsTorn(day: string, size: number): Promise<boolean> {
    const last = await this.#options.disk.fs.readRange(this.#pathOf(day), size - 1, 1);
    return last[0] !== NEWLINE;
  }
}

function newBatch<T>(values: T[] = []): Batch<T> {
  let resolve = (): void => {};
  let reject = (_: unknown): void => {};
  const done = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // a rejection must not end the process when no caller waits
  done.catch(() => {});
  return { values, done, settle: (error) => (error === undefined ? resolve() : reject(error)) };
}

function restingPlace(kept: LogPlace, place: LogPlace): LogPlace {
  return kept.day === place.day && place.offset - kept.offset < MOST_REREAD ? kept : place;
}
