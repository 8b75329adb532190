/**
 * The event log of services, one line per event. An event is first written to the service's document, which keeps the
 * newest events of the service, and then to the log. If a crash prevents the second write, the agent copies the event
 * from the document to the log at its next start. The log therefore contains every event at least once.
 */
import { join } from 'node:path';
import { lazyCheck } from '../../kernel/lazy-check.js';
import { Type } from 'typebox';
import type { ServiceEvent } from '../../model/service-event.js';
import { EVENT_TYPES } from '../../model/service-event.js';
import type { Service } from '../../model/service.js';
import type { EventPage, EventStore, LoggedEvent } from '../contract.js';
import { DailyLog } from './daily-log.js';
import type { LogCursors } from './log-cursor.js';
import type { Disk } from '../files/disk.js';
import type { DeferWrite } from '../files/deferred-writes.js';
import { JsonObjectSchema } from '../documents/job-schema.js';

const KEEP_MS = 30 * 86_400_000;
/**
 * A start searches the log for the events in the documents. The search begins this long before the time of the log's
 * newest file.
 */
const OVERLAP_MS = 3_600_000;

const lineCheck = lazyCheck(
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
  readonly clockTrusted: () => boolean;
  readonly warn: (message: string, detail: string) => void;
  readonly later: DeferWrite;
  readonly cursors: LogCursors;
}

export class EventLog implements EventStore {
  readonly #log: DailyLog<LoggedEvent>;
  readonly #warn: EventLogOptions['warn'];
  readonly #listeners = new Set<() => void>();
  /** Events that are in documents but not in the log. Used only during a start. */
  #lost: LoggedEvent[] = [];
  /**
   * Used only during a start: the ids of the events in the log's newest files, and the time from which on the set
   * contains all ids.
   */
  #tail: { readonly ids: Set<string>; readonly since: string } | undefined;

  private constructor({ disk, dir, now, clockTrusted, warn, cursors }: EventLogOptions) {
    const folder = join(dir, 'events');
    this.#log = new DailyLog({ disk, folder, now, clockTrusted, keepMs: KEEP_MS, parse: parseLine, cursors });
    this.#warn = warn;
  }

  /** Throws AgentError `state_unavailable`. */
  static async open(options: EventLogOptions): Promise<EventLog> {
    const log = new EventLog(options);
    options.later(() => log.#log.removeOld());
    await log.#readTail(options.now);
    return log;
  }

  /** Called for each document while starting; adds the events that the log does not have. */
  takeUp(service: Service): void {
    const tail = this.#tail;
    if (!tail) return;
    const lost = (service.events ?? []).filter(({ id, at }) => at >= tail.since && !tail.ids.has(id));
    this.#lost.push(...lost.map((event) => logged(service, event)));
  }

  /** Ends the start and writes the missing events. */
  async recovered(): Promise<void> {
    this.#tail = undefined;
    const lost = this.#lost.sort((a, b) => (a.id < b.id ? -1 : 1));
    this.#lost = [];
    await this.#write(lost);
  }

  /** Adds events in the order in which they became durable in their documents. */
  add(service: Service, events: readonly ServiceEvent[]): void {
    void this.#write(events.map((event) => logged(service, event)));
  }

  /** Writes the waiting events when the disk has space again. */
  goOn(): void {
    if (this.#log.waiting === 0) return;
    this.#log
      .add([])
      .catch((error: unknown) => this.#warn('events could not be written to the log', String(error)));
  }

  async read({ panel, after, limit }: Parameters<EventStore['read']>[0]): Promise<EventPage> {
    const wanted = (event: LoggedEvent): boolean => event.panel === panel;
    const { lines, ...page } = await this.#log.read({ reader: readerOf(panel), after, limit, wanted });
    return { events: lines, ...page };
  }

  async readAll({ reader, after, limit }: Parameters<EventStore['readAll']>[0]): Promise<EventPage> {
    const { lines, ...page } = await this.#log.read({
      ...{ reader: insideReader(reader), after, limit, wanted: () => true },
    });
    return { events: lines, ...page };
  }

  latestOfAll(reader: string): Promise<string> {
    return this.#log.latest(insideReader(reader));
  }

  onAdded(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  latest(panel: string): Promise<string> {
    return this.#log.latest(readerOf(panel));
  }

  idle(): Promise<void> {
    return this.#log.idle();
  }

  async #write(events: readonly LoggedEvent[]): Promise<void> {
    if (events.length === 0) return;
    try {
      await this.#log.add(events);
      for (const listener of this.#listeners) listener();
    } catch (error) {
      // these events are not lost: they are still in the documents, and the agent writes them together with the next
      // events or at its next start
      this.#warn('events could not be written to the log', String(error));
    }
  }

  async #readTail(now: () => string): Promise<void> {
    const days = await this.#log.newestDays(2);
    // the time of the last line is not used here, because the clock may have been ahead when that line was written
    const newest = days.findLast((events) => events.length > 0) ?? [];
    const [first] = [...newest.map(({ at }) => at), now()].sort();
    const since = newest.length === 0 ? '' : new Date(Date.parse(first ?? '') - OVERLAP_MS).toISOString();
    this.#tail = { ids: new Set(days.flat().map(({ id }) => id)), since };
  }
}

/** Differs from every reader of a panel, so that a module's cursor is not valid in the API. */
const insideReader = (reader: string): string => `module-events/${reader}`;

const readerOf = (panel: string): string => `events/${panel}`;

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
