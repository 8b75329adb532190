/**
 * What modules declared when they were last read, so that a start runs no module code if nothing has changed. There is
 * one file for each module. The folder's name begins with a dot: it is not part of the state, exports omit it, and
 * losing it costs a second at the next start.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../kernel/json.js';
import { checkReadModule, MOST_ANSWER } from './answer.js';
import type { ReadEnd } from './read-module.js';

/** All that decides what a module declares. */
export interface CacheKey {
  readonly type: string;
  readonly name: string;
  /** Of the module's files. */
  readonly hash: string;
  /** As the configuration has them. */
  readonly settings: JsonObject;
  /** Digest of the program that reads modules. */
  readonly reader: string;
}

export interface DeclarationsCache {
  /** Undefined when there is no entry, or it cannot be used. */
  find(key: CacheKey): Promise<ReadEnd | undefined>;
  /** Never rejects: an entry that cannot be kept is read again. */
  keep(key: CacheKey, end: ReadEnd): Promise<void>;
}

/** A module that hung is read again after this; until then no start waits for it. */
const HUNG_MS = 3_600_000;

/** `now`: epoch ms. */
export function declarationsCache(stateDir: string, now: () => number): DeclarationsCache {
  const folder = join(stateDir, 'modules', '.declarations');
  const fileOf = ({ type, name }: CacheKey): string => join(folder, `${type}.${name}.json`);
  return {
    async find(key) {
      try {
        return entryOf(await readFile(fileOf(key), 'utf8'), keyText(key), now());
      } catch {
        return undefined;
      }
    },
    async keep(key, end) {
      const text = JSON.stringify({ key: keyText(key), at: now(), end });
      if (text.length > 2 * MOST_ANSWER) return;
      const aside = `${fileOf(key)}.${randomBytes(6).toString('hex')}.tmp`;
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await writeFile(aside, text, { mode: 0o600, flag: 'wx' });
        await rename(aside, fileOf(key));
      } catch {
        await rm(aside, { force: true }).catch(() => {});
      }
    },
  };
}

/** Settings are kept as a digest. */
function keyText({ type, name, hash, settings, reader }: CacheKey): string {
  const digest = createHash('sha256').update(JSON.stringify(settings)).digest('hex');
  return [type, name, hash, digest, reader].join(' ');
}

/** Throws an Error when the text is no entry. */
function entryOf(text: string, wanted: string, now: number): ReadEnd | undefined {
  const entry: unknown = JSON.parse(text);
  if (!isObject(entry) || entry['key'] !== wanted || !isObject(entry['end'])) return undefined;
  const { kind, problem, isLate, module } = entry['end'];
  if (kind === 'read') return { kind, module: checkReadModule(module) };
  const at = Number(entry['at']);
  const stands = isLate === true && at <= now && now - at < HUNG_MS;
  return kind === 'unusable' && stands ? { kind, problem: String(problem), isLate } : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
