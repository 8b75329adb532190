/**
 * The folder with the records on disk. All files are checked at the start. Changes are written file by file; a change
 * is durable when its promise resolves.
 */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder, removeLeftovers, replaceFile, syncFolder } from '../../shared/durable-file.js';
import type { ProxyHost } from '../contract.js';
import { decodeRecord, encodeRecord, RECORD_FILE } from './record.js';

/** Maps file names to records. The map is never changed in place. */
export type Sites = ReadonlyMap<string, ProxyHost>;

export interface LoadedSites {
  readonly sites: Sites;
  /** Maps the name of each invalid file to the reason. Such files are not removed, but their records are not served. */
  readonly damaged: ReadonlyMap<string, string>;
}

const AT_ONCE = 16;

export async function loadSites(folder: string): Promise<LoadedSites> {
  const sites = new Map<string, ProxyHost>();
  const damaged = new Map<string, string>();
  const holders = new Map<string, string>();
  for (const file of (await readdir(folder).catch(none)).sort()) {
    if (!RECORD_FILE.test(file)) continue;
    try {
      const host = decodeRecord(file, await readFile(join(folder, file), 'utf8'));
      const clash = host.names.find((name) => holders.has(name));
      if (clash !== undefined) throw new Error(`${clash} is already held by ${holders.get(clash) ?? ''}`);
      for (const name of host.names) holders.set(name, file);
      sites.set(file, host);
    } catch (error) {
      damaged.set(file, reasonOf(error));
    }
  }
  return { sites, damaged };
}

/**
 * Creates the folder and removes incomplete files that a crash left behind. Only the process that writes may call
 * this.
 */
export async function prepareSites(folder: string): Promise<void> {
  await makeFolder(folder, 0o755);
  await removeLeftovers(folder);
}

function none(error: unknown): string[] {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
  throw error;
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'detail' in error && typeof error.detail === 'string') return error.detail;
  return error instanceof Error ? error.message : String(error);
}

/** Changes the folder from `current` to `next`. Both map file names to records. */
export async function saveSites(
  folder: string,
  current: Sites,
  next: Sites,
  leftovers: Iterable<string>,
): Promise<void> {
  const write = [...next].filter(([file, host]) => current.get(file) !== host);
  const remove = [...current.keys(), ...leftovers].filter((file) => !next.has(file));
  if (write.length + remove.length === 0) return;
  for (let start = 0; start < write.length; start += AT_ONCE) {
    const some = write.slice(start, start + AT_ONCE);
    await Promise.all(some.map(([file, host]) => replaceFile(join(folder, file), encodeRecord(host), 0o644)));
  }
  await Promise.all(remove.map((file) => rm(join(folder, file), { force: true })));
  await syncFolder(folder);
}
