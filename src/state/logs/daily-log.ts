/**
 * Lines of JSON in one file per day (UTC) of their writing, only ever added to. A burst is one append and one fsync; a line that a power cut has torn is
 * ended and skipped. A cursor is a place in a file, so a page costs the same however much there is.
 */
import { join } from 'node:path';
import { unavailable, type Disk } from '../files/disk.js';
import { codeOf } from '../files/file-system.js';

const NEWLINE = 10;
const CHUNK = 256 * 1024;
/** One page looks at no more than this, so that a reader who wants few lines does not make us read for long. */
const MOST_READ = 4 * 1024 * 1024;

export interface DailyLogOptions<T> {
  readonly disk: Disk;
  /** Its own folder. */
  readonly folder: string;
  /** RFC 3339 */
  readonly now: () => string;
  /** False after a jump of the clock: then no day ends, and none is too old. */
  readonly clockTrusted: () => boolean;
  /** How long a day's file is kept. */
  readonly keepMs: number;
  /** Undefined for a line that is none. */
  readonly parse: (text: string) => T | undefined;
}

export interface LogPage<T> {
  readonly lines: readonly T[];
  /** Where to go on, also when there is nothing yet; undefined for a cursor that is none of ours. */
  readonly next: string | undefined;
  readonly more: boolean;
}

export interface LogWish<T> {
  /** A cursor; without it from the oldest. */
  readonly after: string | undefined;
  /** `YYYY-MM-DD`: without a cursor, not before this day. */
  readonly fromDay?: string;
  readonly limit: number;
  readonly wanted: (line: T) => boolean;
}

interface Place {
  /** `YYYY-MM-DD` */
  readonly day: string;
  readonly offset: number;
}

interface Batch<T> {
  values: T[];
  readonly done: Promise<void>;
  readonly settle: (error?: unknown) => void;
}

export class DailyLog<T> {
  readonly #options: DailyLogOptions<T>;
  #batch: Batch<T> | undefined;
  #writing: Promise<void> | undefined;
  /** The file being written, and how much of it is durable: readers see no more. */
  #open: Place | undefined;

  constructor(options: DailyLogOptions<T>) {
    this.#options = options;
  }

  /** Durable when it resolves. When it rejects the lines are kept and go out with the next ones. */
  add(values: readonly T[]): Promise<void> {
    this.#batch ??= newBatch<T>();
    this.#batch.values.push(...values);
    const { done } = this.#batch;
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
    return done;
  }

  /** Lines that are not durable yet. */
  get waiting(): number {
    return this.#batch?.values.length ?? 0;
  }

  /** Lets go of the oldest lines that could not be written. */
  keepWaiting(most: number): void {
    if (this.#batch && this.#batch.values.length > most) this.#batch.values = this.#batch.values.slice(-most);
  }

  async read({ after, fromDay = '', limit, wanted }: LogWish<T>): Promise<LogPage<T>> {
    const days = (await this.#days()).filter((day) => day >= fromDay);
    let place = after === undefined ? { day: days[0] ?? '', offset: 0 } : placeOf(after);
    if (!place) return { lines: [], next: undefined, more: false };
    const found: T[] = [];
    let looked = 0;
    for (const day of days.filter((one) => one >= (place?.day ?? ''))) {
      if (day !== place.day) place = { day, offset: 0 };
      for (;;) {
        const { lines, bytes } = await this.#linesFrom(place);
        if (lines.length === 0) break;
        looked += bytes;
        for (const { text, length } of lines) {
          place = { day, offset: place.offset + length };
          const value = this.#options.parse(text);
          if (value !== undefined && wanted(value)) found.push(value);
          if (found.length >= limit) return { lines: found, next: cursorOf(place), more: true };
        }
        if (looked >= MOST_READ) return { lines: found, next: cursorOf(place), more: true };
      }
    }
    return { lines: found, next: cursorOf(place), more: false };
  }

  /** The cursor behind the newest line. */
  async latest(): Promise<string> {
    const day = (await this.#days()).at(-1) ?? (await this.#writtenDay());
    return cursorOf({ day, offset: await this.#sizeOf(day) });
  }

  /** All lines of the newest days that have a file, oldest day first. */
  async newestDays(count: number): Promise<T[][]> {
    const days: T[][] = [];
    for (const day of (await this.#days()).slice(-count)) {
      const values: T[] = [];
      for (let place: Place = { day, offset: 0 }; ;) {
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
    const { disk, keepMs, now, clockTrusted } = this.#options;
    if (!clockTrusted()) return;
    const oldest = new Date(Date.parse(now()) - keepMs).toISOString().slice(0, 10);
    for (const day of await this.#days()) if (day < oldest) await disk.remove(this.#pathOf(day));
  }

  async idle(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /** All that wait in one append: a burst costs one fsync. Never rejects: who added is told. */
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

  /** For the next time; whoever came meanwhile learns at once too that it failed. */
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
  }: Place): Promise<{ lines: { text: string; length: number }[]; bytes: number }> {
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

  /** In their order. */
  async #days(): Promise<string[]> {
    const names = await this.#options.disk.list(this.#options.folder);
    return names
      .filter((name) => /^\d{4}-\d\d-\d\d\.ndjson$/.test(name))
      .map((name) => name.slice(0, 10))
      .sort();
  }

  /** The day whose file lines go into: never one before the newest, which readers are past, be it that the clock was set back. */
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

  /** Nothing of a file that has grown too old between two looks. */
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
  // who does not wait is not to end the process
  done.catch(() => {});
  return { values, done, settle: (error) => (error === undefined ? resolve() : reject(error)) };
}

function cursorOf({ day, offset }: Place): string {
  return Buffer.from(`${day}.${offset}`).toString('base64url');
}

function placeOf(cursor: string): Place | undefined {
  const found = /^(\d{4}-\d\d-\d\d)\.(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString());
  return found?.[1] === undefined ? undefined : { day: found[1], offset: Number(found[2]) };
}
