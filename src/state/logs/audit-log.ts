/**
 * The audit log. Each request has one line with caller, source address, requested change and result, which is durable
 * before the response is sent.
 */
import { join } from 'node:path';
import { lazyCheck } from '../../kernel/lazy-check.js';
import { Type } from 'typebox';
import type { AuditEntry, AuditPage, AuditStore, AuditQuery } from '../contract.js';
import type { DeferWrite } from '../files/deferred-writes.js';
import { DailyLog } from './daily-log.js';
import type { LogCursors } from './log-cursor.js';
import type { Disk } from '../files/disk.js';
import { NullableText, TextSchema } from '../documents/job-schema.js';
import { LISTENERS } from '../../model/listener.js';

/** Maximum number of lines kept in memory while they cannot be written. */
const MOST_WAITING = 20_000;

const lineCheck = lazyCheck(
  Type.Object({
    at: TextSchema,
    request_id: TextSchema,
    door: Type.Enum([...LISTENERS]),
    who: Type.Union([
      Type.Object({ token: TextSchema, token_id: TextSchema }),
      Type.Object({ user: NullableText, uid: Type.Union([Type.Integer(), Type.Null()]) }),
      Type.Null(),
    ]),
    panel: NullableText,
    from: NullableText,
    method: TextSchema,
    route: TextSchema,
    service_id: NullableText,
    job_id: NullableText,
    status: Type.Integer(),
    code: NullableText,
    replayed: Type.Optional(Type.Literal(true)),
    count: Type.Optional(Type.Integer()),
  }),
);

export interface AuditLogOptions {
  readonly disk: Disk;
  /** The state folder. */
  readonly dir: string;
  /** RFC 3339 */
  readonly now: () => string;
  readonly clockTrusted: () => boolean;
  readonly warn: (message: string, detail: string) => void;
  readonly keepDays: number;
  readonly later: DeferWrite;
  readonly cursors: LogCursors;
}

export class AuditLog implements AuditStore {
  readonly #log: DailyLog<AuditEntry>;
  readonly #warn: AuditLogOptions['warn'];

  private constructor({ disk, dir, now, clockTrusted, warn, keepDays, cursors }: AuditLogOptions) {
    const folder = join(dir, 'audit');
    const keepMs = keepDays * 86_400_000;
    this.#log = new DailyLog({ disk, folder, now, clockTrusted, keepMs, parse: parseLine, cursors });
    this.#warn = warn;
  }

  /** Throws AgentError `state_unavailable`. */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    const log = new AuditLog(options);
    options.later(() => log.#log.removeOld());
    return log;
  }

  async add(entry: AuditEntry): Promise<void> {
    try {
      await this.#log.add([entry]);
    } catch (error) {
      // the change has already been made, so the line is kept and written together with later lines
      this.#log.keepWaiting(MOST_WAITING);
      this.#warn('the audit log could not be written', String(error));
    }
  }

  async read({ after, since, limit, panel, serviceId }: AuditQuery): Promise<AuditPage> {
    const wanted = (entry: AuditEntry): boolean =>
      (since === undefined || entry.at >= since) &&
      (panel === undefined || entry.panel === panel) &&
      (serviceId === undefined || entry.service_id === serviceId);
    const { lines, ...page } = await this.#log.read({
      reader: `audit/${panel ?? ''}`,
      after,
      limit,
      wanted,
      ...(since === undefined ? {} : { fromDay: dayBefore(since) }),
    });
    return { entries: lines, ...page };
  }

  idle(): Promise<void> {
    return this.#log.idle();
  }
}

/**
 * The day before an instant. It is needed because a line is in the file of the day on which it was written, and that
 * day can differ from the line's date: it can be the next day or, if the clock was set back, an earlier day.
 */
function dayBefore(instant: string): string {
  return new Date(Date.parse(instant) - 86_400_000).toISOString().slice(0, 10);
}

function parseLine(text: string): AuditEntry | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return lineCheck.Check(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
