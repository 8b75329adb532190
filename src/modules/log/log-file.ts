/**
 * The log of one module: a file of JSON lines, and its predecessors. A full file is renamed, and the oldest one is
 * removed. The files are written without an fsync, because they are only read by people.
 */
import { appendFile, mkdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Static, Type } from 'typebox';
import { lazyCheck } from '../../kernel/lazy-check.js';
import type { JsonObject } from '../../kernel/json.js';
import { LOG_LEVELS, type ModuleLogLine } from '../../model/module-log-line.js';

export interface LogLimits {
  /** Size of one file in bytes. */
  readonly fileBytes: number;
  /** Number of files, with the one that is written. */
  readonly files: number;
}

const LineSchema = Type.Object({
  n: Type.Integer({ minimum: 0 }),
  at: Type.String(),
  level: Type.Enum([...LOG_LEVELS]),
  message: Type.String(),
  fields: Type.Unsafe<JsonObject>({ type: 'object' }),
  about: Type.Record(Type.String(), Type.String()),
  dropped: Type.Optional(Type.Integer({ minimum: 1 })),
});
const check = lazyCheck(LineSchema);

export class LogFile {
  readonly #path: string;
  readonly #limits: LogLimits;
  #bytes = 0;
  #last = 0;

  private constructor(path: string, limits: LogLimits) {
    this.#path = path;
    this.#limits = limits;
  }

  /** The file need not exist. */
  static async open(path: string, limits: LogLimits): Promise<LogFile> {
    const file = new LogFile(path, limits);
    const about = await stat(path).catch(() => undefined);
    file.#bytes = about?.size ?? 0;
    const [last] = await file.newest(1);
    file.#last = last?.n ?? 0;
    // a line that a crash has cut off must not become part of the next line
    if (file.#bytes > 0 && !(await readFile(path, 'utf8')).endsWith('\n')) await file.#append('\n');
    return file;
  }

  /** Adds lines in this order. Throws the system's error. */
  async add(lines: readonly Omit<ModuleLogLine, 'n'>[]): Promise<void> {
    const numbered = lines.map((line) => ({ n: (this.#last += 1), ...line }));
    if (this.#bytes >= this.#limits.fileBytes) await this.#rotate();
    await this.#append(numbered.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  /** At most so many lines, the newest first; only those before the line with the number `before`. */
  async newest(limit: number, before = Number.POSITIVE_INFINITY): Promise<ModuleLogLine[]> {
    const found: ModuleLogLine[] = [];
    for (let age = 0; age < this.#limits.files && found.length < limit; age += 1) {
      const text = await readFile(this.#at(age), 'utf8').catch(() => '');
      const lines = text.split('\n').reverse();
      for (const line of lines) {
        if (found.length >= limit) break;
        const parsed = parse(line);
        if (parsed && parsed.n < before) found.push(parsed);
      }
    }
    return found;
  }

  async remove(): Promise<void> {
    for (let age = 0; age < this.#limits.files; age += 1) await rm(this.#at(age), { force: true });
    this.#bytes = 0;
  }

  async #append(text: string): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    await appendFile(this.#path, text, { mode: 0o600 });
    this.#bytes += Buffer.byteLength(text);
  }

  async #rotate(): Promise<void> {
    await rm(this.#at(this.#limits.files - 1), { force: true });
    for (let age = this.#limits.files - 2; age >= 0; age -= 1)
      await rename(this.#at(age), this.#at(age + 1)).catch(() => undefined);
    this.#bytes = 0;
  }

  #at(age: number): string {
    return age === 0 ? this.#path : `${this.#path}.${age}`;
  }
}

function parse(text: string): ModuleLogLine | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!check.Check(value)) return undefined;
    const { dropped, ...line }: Static<typeof LineSchema> = value;
    return { ...line, ...(dropped === undefined ? {} : { dropped }) };
  } catch {
    return undefined;
  }
}
