/**
 * Writes files atomically, so that even a power loss leaves either the old or the new content: temporary file, fsync,
 * rename, fsync of the folder.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Replaces `path`. The change is durable after the caller has also called `syncFolder` for the folder and this call
 * has resolved. Throws the system's error; in this case, `path` is unchanged.
 */
export async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.chmod(mode); // set the mode again, because the umask may have removed bits
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Removes temporary files that a crash during `replaceFile` left in an existing folder. If `of` is given, removes only
 * those of this file. Only the process that writes to the folder may call this.
 */
export async function removeLeftovers(folder: string, of?: string): Promise<void> {
  const start = of === undefined ? '.' : `.${of}.`;
  const leftovers = (await readdir(folder)).filter((file) => file.startsWith(start) && file.endsWith('.tmp'));
  await Promise.all(leftovers.map((file) => rm(join(folder, file), { force: true })));
}

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Creates the folder with this mode, regardless of the umask, if the folder does not exist. An existing folder stays
 * unchanged.
 */
export async function makeFolder(path: string, mode: number): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode });
  if (first !== undefined) await chmod(path, mode);
}
