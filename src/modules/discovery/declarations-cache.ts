/**
 * Caches the declarations that were last read from the modules, so that a start runs no module code if nothing has
 * changed. There is one file for each module. The folder's name begins with a dot, so exports do not contain the
 * folder. If the folder is lost, the next start takes about a second longer.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../../kernel/json.js';
import { MOST_ANSWER, type ReadModule } from './answer.js';
import type { ReadEnd } from './read-module.js';
import { isFields } from '../../kernel/is-fields.js';

/** Everything on which the declarations of a module depend. */
export interface CacheKey {
  readonly type: string;
  readonly name: string;
  /** Hash of the module's files. */
  readonly hash: string;
  /** The module's settings as they are in the configuration. */
  readonly settings: JsonObject;
  /** Digest of the program that reads modules. */
  readonly reader: string;
  /** Two versions of a module may be in use in turn, so each has an entry of its own. */
  readonly isCopy?: true;
}

export interface DeclarationsCache {
  /** Returns undefined when there is no entry, or when the entry cannot be used. */
  find(key: CacheKey): Promise<ReadEnd | undefined>;
  /** Never rejects. If the entry cannot be saved, the module is read again at the next start. */
  keep(key: CacheKey, end: ReadEnd): Promise<void>;
}

/** Time after which a module that did not finish loading is read again. Until then, no start waits for this module. */
const HUNG_MS = 3_600_000;

/** `now`: epoch ms. */
export function declarationsCache(stateDir: string, now: () => number): DeclarationsCache {
  return declarationsIn(join(stateDir, 'modules', '.declarations'), now);
}

/**
 * What the shipped modules declare with default settings, as the build has read it. Nothing is kept there later.
 * `programs`: the folder of the build.
 */
export function builtDeclarations(programs: string): DeclarationsCache {
  return { ...declarationsIn(builtFolder(programs), () => 0), keep: async () => {} };
}

export function builtFolder(programs: string): string {
  return join(programs, 'declarations');
}

/** Finds entries in both, and keeps new ones in `second`. */
export function eitherOf(first: DeclarationsCache, second: DeclarationsCache | undefined): DeclarationsCache {
  return {
    find: async (key) => (await first.find(key)) ?? second?.find(key),
    keep: async (key, end) => second?.keep(key, end),
  };
}

export function declarationsIn(folder: string, now: () => number): DeclarationsCache {
  const fileOf = ({ type, name, isCopy }: CacheKey): string =>
    join(folder, `${type}.${name}${isCopy ? '.copy' : ''}.json`);
  return {
    async find(key) {
      try {
        return entryOf(await readFile(fileOf(key), 'utf8'), keyText(key), now());
      } catch {
        return undefined;
      }
    },
    async keep(key, end) {
      const text = JSON.stringify({ key: keyText(key), at: now(), digest: digestOf(end), end });
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

/** The text that identifies an entry. It contains only a digest of the settings, because they may hold secrets. */
function keyText({ type, name, hash, settings, reader }: CacheKey): string {
  return [type, name, hash, digestOf(settings), reader].join(' ');
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}

/**
 * The declarations were checked before they were kept by the same program, and this check takes 80 ms at each start.
 * Therefore only their digest is compared. Throws an Error when the text is not JSON.
 */
function entryOf(text: string, wanted: string, now: number): ReadEnd | undefined {
  const entry: unknown = JSON.parse(text);
  if (!isFields(entry) || entry['key'] !== wanted || !isFields(entry['end'])) return undefined;
  const { kind, problem, isLate, module } = entry['end'];
  if (entry['digest'] !== digestOf(entry['end'])) return undefined;
  if (kind === 'read') return { kind, module: module as ReadModule };
  const at = Number(entry['at']);
  const stands = isLate === true && at <= now && now - at < HUNG_MS;
  return kind === 'unusable' && stands ? { kind, problem: String(problem), isLate } : undefined;
}
