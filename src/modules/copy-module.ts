/** Copies a module's folder durably. Even after a power failure, the copy is either complete or does not exist. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { syncFolder } from '../drivers/shared/durable-file.js';
import { contentHash, moduleFiles } from './content-hash.js';

/** Prefix of the folder of an unfinished copy. It begins with a dot, so that no export contains the folder. */
const MAKING = '.making-';
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/**
 * Creates `into/<hash>` from `folder`, unless it exists. Throws an Error if `folder` cannot be a module or has changed
 * since it was hashed, or if the copy cannot be written. In that case the incomplete copy is removed.
 */
export async function copyModule(folder: string, into: string, hash: string): Promise<void> {
  await makeFolders(into);
  if ((await readdir(into)).includes(hash)) return;
  const making = join(into, `${MAKING}${hash}`);
  await rm(making, { recursive: true, force: true });
  try {
    const folders = await copyFiles(folder, making);
    const found = await contentHash(making);
    if (found !== hash)
      throw new Error(`its files have changed in the meantime: their hash is ${found} instead of ${hash}`);
    for (const path of folders) await syncFolder(path);
    await rename(making, join(into, hash));
    await syncFolder(into);
  } catch (error) {
    await rm(making, { recursive: true, force: true });
    throw error;
  }
}

/** Removes unfinished copies that a crash has left behind, and all copies in `into` that are not in `kept`. */
export async function removeCopies(into: string, kept: ReadonlySet<string>): Promise<string[]> {
  const names = (await readdir(into)).filter((name) => !kept.has(name));
  for (const name of names) await rm(join(into, name), { recursive: true, force: true });
  return names.filter((name) => !name.startsWith(MAKING));
}

/** Returns the created folders, the innermost first. */
async function copyFiles(folder: string, making: string): Promise<string[]> {
  await mkdir(making, { mode: FOLDER_MODE });
  const folders = new Set([making]);
  for (const { path, at } of await moduleFiles(folder)) {
    const target = join(making, path);
    await mkdir(dirname(target), { recursive: true, mode: FOLDER_MODE });
    for (let above = dirname(target); above !== making; above = dirname(above)) folders.add(above);
    await pipeline(createReadStream(at), createWriteStream(target, { mode: FILE_MODE, flush: true }));
  }
  return [...folders].sort((a, b) => b.length - a.length);
}

/** Creates the folder and its parents durably. */
async function makeFolders(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: FOLDER_MODE });
  if (first === undefined) return;
  for (let made = path; ; made = dirname(made)) {
    await syncFolder(dirname(made));
    if (made === first) return;
  }
}
