/**
 * What happened to services, one line each in the file of the day it was written down, only ever added to. Written after the service's document, which keeps
 * its newest events too: those that a crash kept from the log are added at the next start, so every event is in it at least once.
 */
import { join } from 'node:path';
import { Compile } from 'typebox/compile';
import { Type } from 'typebox';
import type { ServiceEvent } from '../domain/service-event.js';
import { EVENT_TYPES } from '../domain/service-event.js';
import type { Service } from '../domain/service.js';
import type { EventPage, EventStore, LoggedEvent } from './contract.js';
import { unavailable, type Disk } from './disk.js';
import { codeOf } from './file-system.js';
import { JsonObjectSchema } from './job-schema.js';

const NEWLINE = 10;
const CHUNK = 256 * 1024;
/** One page looks at no more than this, so that a panel with few events does not make us read for long. */
const MOST_READ = 4 * 1024 * 1024;
const KEEP_MS = 30 * 86_400_000;
/** How far before its end a start looks for events that are in the log already. */
const OVERLAP_MS = 3_600_000;

const lineCheck = Compile(
  Type.Object({
    id: Type.String(),
    at: Type.String(),
    type: Type.Enum([...EVENT_TYPES]),
    panel: Type.String(),
    service_id: Type.String(),
    generation: Type.Integer(),
    data: JsonObjectSchema,
  }),
);

export interface EventLogOptions {
  readonly disk: Disk;
  /** The state folder. */
  readonly dir: string;
  /** RFC 3339 */
  readonly now: () => string;
  readonly warn: (message: string, detail: string) => void;
}

interface Place {
  /** `YYYY-MM-DD` */
  readonly day: string;
  readonly offset: number;
}

export class EventLog implements EventStore {
  readonly #options: EventLogOptions;
  readonly #folder: string;
  #waiting: LoggedEvent[] = [];
  #writing: Promise<void> | undefined;
  /** The file being written, and how much of it is durable: readers see no more. */
  #open: Place | undefined;
  /** Only while starting: ids in the log's last hour, and since when. */
  #tail: { readonly ids: Set<string>; readonly since: string } | undefined;

  private constructor(options: EventLogOptions) {
    this.#options = options;
    this.#folder = join(options.dir, 'events');
  }

  /** Throws AgentError `state_unavailable`. */
  static async open(options: EventLogOptions): Promise<EventLog> {
    const log = new EventLog(options);
    await log.#removeOld();
    await log.#readTail();
    return log;
  }

  /** While starting, for each document: what the log lacks is added. */
  takeUp(service: Service): void {
    const tail = this.#tail;
    if (!tail) return;
    const lost = (service.events ?? []).filter(({ id, at }) => at >= tail.since && !tail.ids.has(id));
    this.#waiting.push(...lost.map((event) => logged(service, event)));
  }

  /** Ends the start. */
  async recovered(): Promise<void> {
    this.#tail = undefined;
    this.#waiting.sort((a, b) => (a.id < b.id ? -1 : 1));
    await this.#write();
  }

  /** In the order in which they became durable in their documents. */
  add(service: Service, events: readonly ServiceEvent[]): void {
    this.#waiting.push(...events.map((event) => logged(service, event)));
    void this.#write();
  }

  /** There is room again: what could not be written down is. */
  goOn(): void {
    void this.#write();
  }

  async read({ panel, after, limit }: Parameters<EventStore['read']>[0]): Promise<EventPage> {
    const days = await this.#days();
    let place = after === undefined ? { day: days[0] ?? '', offset: 0 } : placeOf(after);
    if (!place) return { events: [], next: undefined, more: false };
    const events: LoggedEvent[] = [];
    let looked = 0;
    for (const day of days.filter((one) => one >= (place?.day ?? ''))) {
      if (day !== place.day) place = { day, offset: 0 };
      for (;;) {
        const { lines, bytes } = await this.#linesFrom(place);
        if (lines.length === 0) break;
        looked += bytes;
        for (const { text, length } of lines) {
          place = { day, offset: place.offset + length };
          const event = parseLine(text);
          if (event?.panel === panel) events.push(event);
          if (events.length >= limit) return { events, next: cursorOf(place), more: true };
        }
        if (looked >= MOST_READ) return { events, next: cursorOf(place), more: true };
      }
    }
    return { events, next: cursorOf(place), more: false };
  }

  async latest(): Promise<string> {
    const day = (await this.#days()).at(-1) ?? this.#today();
    return cursorOf({ day, offset: await this.#sizeOf(day) });
  }

  async idle(): Promise<void> {
    while (this.#writing) await this.#writing;
  }

  /** All that wait in one append: a burst costs one fsync. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeAll().finally(() => (this.#writing = undefined));
    return this.#writing;
  }

  async #writeAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#append(batch.map((event) => `${JSON.stringify(event)}\n`).join(''));
      } catch (error) {
        // their documents have them: they go out with the next ones, or at the next start
        this.#waiting = [...batch, ...this.#waiting];
        this.#open = undefined;
        this.#options.warn('events could not be written down', String(error));
        return;
      }
    }
  }

  async #append(text: string): Promise<void> {
    const { disk } = this.#options;
    const day = this.#today();
    const known = this.#open?.day === day ? this.#open : undefined;
    const size = known?.offset ?? (await this.#fileSize(day));
    const torn = !known && size > 0 && (await this.#endsTorn(day, size));
    const bytes = torn ? `\n${text}` : text;
    await disk.append(this.#pathOf(day), bytes);
    if (!known) await disk.syncFolder(this.#folder);
    if (!known && this.#open) await this.#removeOld();
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
      const bytes = await this.#options.disk.fs.readRange(this.#pathOf(day), offset, wanted);
      let from = 0;
      for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
        lines.push({ text: bytes.toString('utf8', from, end), length: end + 1 - from });
        from = end + 1;
      }
      if (wanted === size - offset) break;
    }
    return { lines, bytes: lines.reduce((sum, { length }) => sum + length, 0) };
  }

  async #readTail(): Promise<void> {
    const ids = new Set<string>();
    let since = '';
    for (const day of (await this.#days()).slice(-2).reverse()) {
      const events: LoggedEvent[] = [];
      for (let place: Place = { day, offset: 0 }; ;) {
        const { lines, bytes } = await this.#linesFrom(place);
        if (lines.length === 0) break;
        events.push(...lines.flatMap(({ text }) => parseLine(text) ?? []));
        place = { day, offset: place.offset + bytes };
      }
      const last = events.at(-1);
      if (since === '' && last) since = new Date(Date.parse(last.at) - OVERLAP_MS).toISOString();
      for (const { id } of events) ids.add(id);
    }
    this.#tail = { ids, since };
  }

  async #removeOld(): Promise<void> {
    const oldest = new Date(Date.parse(this.#options.now()) - KEEP_MS).toISOString().slice(0, 10);
    for (const day of await this.#days())
      if (day < oldest) await this.#options.disk.remove(this.#pathOf(day));
  }

  /** In their order. */
  async #days(): Promise<string[]> {
    const names = await this.#options.disk.list(this.#folder);
    return names
      .filter((name) => /^\d{4}-\d\d-\d\d\.ndjson$/.test(name))
      .map((name) => name.slice(0, 10))
      .sort();
  }

  #today(): string {
    const day = this.#options.now().slice(0, 10);
    // a clock that is set back must not write into a file that readers are past
    return this.#open !== undefined && this.#open.day > day ? this.#open.day : day;
  }

  #pathOf(day: string): string {
    return join(this.#folder, `${day}.ndjson`);
  }

  async #sizeOf(day: string): Promise<number> {
    return this.#open?.day === day ? this.#open.offset : this.#fileSize(day);
  }

  async #fileSize(day: string): Promise<number> {
    try {
      return await this.#options.disk.fs.size(this.#pathOf(day));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 0;
      throw unavailable('the log of events cannot be read', error);
    }
  }

  async #endsTorn(day: string, size: number): Promise<boolean> {
    const last = await this.#options.disk.fs.readRange(this.#pathOf(day), size - 1, 1);
    return last[0] !== NEWLINE;
  }
}

function logged(service: Service, { id, at, type, data }: ServiceEvent): LoggedEvent {
  const { panel, generation } = service;
  return { id, at, type, panel, service_id: service.id, generation, data };
}

function parseLine(text: string): LoggedEvent | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return lineCheck.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function cursorOf({ day, offset }: Place): string {
  return Buffer.from(`${day}.${offset}`).toString('base64url');
}

function placeOf(cursor: string): Place | undefined {
  const found = /^(\d{4}-\d\d-\d\d)\.(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString());
  return found?.[1] === undefined ? undefined : { day: found[1], offset: Number(found[2]) };
}
