/**
 * The log of each module, which `GET /modules/{type}/{name}/log` shows. Lines are collected for a moment and written
 * together. If they arrive faster than they are written, lines are dropped, and the next line says how many.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { KeyedLock } from '../../kernel/async/keyed-lock.js';
import { type Clock, instant } from '../../kernel/clock.js';
import { redacted } from '../../kernel/redact.js';
import { detailOf, withoutSecrets } from '../../kernel/text.js';
import type { JsonObject } from '../../kernel/json.js';
import type { LogPage } from '../../model/module-operations.js';
import type { LoggedModule, ModuleLogLine } from '../../model/module-log-line.js';
import { LogFile, type LogLimits } from './log-file.js';

export interface ModuleLogDeps {
  /** The state folder. The logs are in a hidden folder, so exports leave them out. */
  readonly stateDir: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Logger;
  readonly limits?: LogLimits & { readonly waiting: number };
}

export interface ModuleLog {
  /** Never throws. The line is redacted and shortened. */
  write(module: LoggedModule, line: Omit<ModuleLogLine, 'n' | 'at'>): void;
  read(module: LoggedModule, page: { readonly limit: number; readonly before?: number }): Promise<LogPage>;
  /** Removes the log of a module. */
  remove(module: LoggedModule): Promise<void>;
  /** Writes what is left. */
  close(): Promise<void>;
}

const MIB = 1024 ** 2;
const LIMITS = { fileBytes: MIB, files: 4, waiting: 500 } as const;
const COLLECT_MS = 100;

export const LOG_FOLDER = '.module-logs';

type Unnumbered = Omit<ModuleLogLine, 'n'>;

interface Open {
  lines: Unnumbered[];
  dropped: number;
  timer: NodeJS.Timeout | undefined;
}

export function moduleLog({ stateDir, clock, log, limits = LIMITS }: ModuleLogDeps): ModuleLog {
  const open = new Map<string, Open>();
  const files = new Map<string, LogFile>();
  const turns = new KeyedLock();
  let isClosed = false;

  const inFile = <T>(name: string, work: (file: LogFile) => Promise<T>): Promise<T> =>
    turns.run(name, async () => {
      const file =
        files.get(name) ?? (await LogFile.open(join(stateDir, LOG_FOLDER, `${name}.ndjson`), limits));
      files.set(name, file);
      return work(file);
    });
  const flush = async (name: string): Promise<void> => {
    const waiting = open.get(name);
    if (!waiting || waiting.lines.length === 0) return;
    clearTimeout(waiting.timer);
    waiting.timer = undefined;
    const lines = waiting.lines.splice(0);
    await inFile(name, (file) => file.add(lines)).catch((error: unknown) => {
      waiting.dropped += lines.length;
      log.warn({ err: error, module: name }, 'the log of a module cannot be written');
    });
  };

  return {
    write(module, line) {
      const name = nameOf(module);
      const waiting = open.get(name) ?? { lines: [], dropped: 0, timer: undefined };
      open.set(name, waiting);
      if (waiting.lines.length >= limits.waiting || isClosed) {
        waiting.dropped += line.dropped === undefined ? 1 : line.dropped + 1;
        return;
      }
      const dropped = waiting.dropped + (line.dropped ?? 0);
      waiting.dropped = 0;
      waiting.lines.push(cleanLine(line, instant(clock), dropped));
      waiting.timer ??= setTimeout(() => void flush(name), COLLECT_MS);
      waiting.timer.unref();
    },
    async read(module, { limit, before }) {
      const name = nameOf(module);
      await flush(name);
      const lines = await inFile(name, (file) => file.newest(limit + 1, before));
      const shown = lines.slice(0, limit);
      return { lines: shown, next: lines.length > limit ? (shown.at(-1)?.n ?? null) : null };
    },
    async remove(module) {
      const name = nameOf(module);
      clearTimeout(open.get(name)?.timer);
      open.delete(name);
      await inFile(name, (file) => file.remove());
    },
    async close() {
      isClosed = true;
      await Promise.all([...open.keys()].map(flush));
    },
  };
}

function nameOf({ type, name }: LoggedModule): string {
  return `${type}/${name}`;
}

function cleanLine(
  { level, message, fields, about }: Omit<ModuleLogLine, 'n' | 'at'>,
  at: string,
  dropped: number,
): Unnumbered {
  return {
    ...{ at, level, message: detailOf(withoutSecrets(message)), about },
    // the copy of an object is an object
    fields: redacted(fields) as JsonObject,
    ...(dropped === 0 ? {} : { dropped }),
  };
}
