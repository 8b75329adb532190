/**
 * Copies the whole state folder as of one instant while the daemon runs, by creating a hard link to every file.
 * Documents are replaced and never changed in place, so a link keeps the old content. For append-only files, the length
 * at that instant is recorded.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Disk } from '../files/disk.js';
import { codeOf } from '../files/file-system.js';
import { isStatePath } from './bundle.js';
import { forEachConcurrent } from '../../kernel/async/for-each-concurrent.js';

export interface CopiedFile {
  /** Below the state folder. */
  readonly path: string;
  /** The path of the hard link that holds the content. */
  readonly at: string;
  /** Number of bytes that the file had at the instant of the copy; undefined if the whole file belongs to the copy. */
  readonly bytes: number | undefined;
}

export interface InstantCopy {
  /** The files, in the order of their paths. */
  readonly files: readonly CopiedFile[];
  remove(): Promise<void>;
}

const PREFIX = '.export-';
/** Files that the agent never reads, or can make again: the copy that a migration of a collection works on. */
const UNFINISHED = /\.(tmp|migrating)$/;
const AT_ONCE = 16;
const NO_SECOND_NAMES = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'];

/**
 * Creates the copy. Changes of the state wait while the links are created, which takes about 15 microseconds per
 * document.
 */
export async function copyInstant(disk: Disk, dir: string): Promise<InstantCopy> {
  const into = join(dir, `${PREFIX}${randomBytes(6).toString('hex')}`);
  await mkdir(into, { mode: 0o700 });
  const remove = (): Promise<void> => rm(into, { recursive: true, force: true });
  try {
    const files = await disk.quietly(async () => {
      // a file that an import would refuse is left out, because it would make the whole export useless; `verifyFolder`
      // reports such a file
      const paths = (await statePaths(dir)).filter(isStatePath);
      for (const folder of new Set(paths.map(dirname)))
        await mkdir(join(into, folder), { recursive: true, mode: 0o700 });
      const files: CopiedFile[] = [];
      await forEachConcurrent(paths, AT_ONCE, async (path) => {
        const [from, at] = [join(dir, path), join(into, path)];
        if (!(await secondName(from, at))) return;
        files.push({ path, at, bytes: path.endsWith('.json') ? undefined : (await stat(from)).size });
      });
      return files;
    });
    return { files: files.sort((a, b) => (a.path < b.path ? -1 : 1)), remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Removes copies that a daemon left behind because it was killed during an export. */
export async function removeStaleCopies(dir: string): Promise<void> {
  for (const name of await readdir(dir))
    if (name.startsWith(PREFIX)) await rm(join(dir, name), { recursive: true, force: true });
}

/**
 * Paths of all files that an export contains. These are the files in the subfolders of the state folder. Locks, sockets
 * and keys are not in a subfolder and are left out.
 */
export async function statePaths(dir: string): Promise<string[]> {
  const found: string[] = [];
  const walk = async (below: string): Promise<void> => {
    for (const entry of await readdir(join(dir, below), { withFileTypes: true })) {
      const path = join(below, entry.name);
      if (entry.name.startsWith('.') || UNFINISHED.test(entry.name)) continue;
      if (entry.isDirectory()) await walk(path);
      else if (entry.isFile() && below !== '') found.push(path);
    }
  };
  await walk('');
  return found.sort();
}

/** False if the file is gone: without waiting, the agent removes only files that it never reads. */
async function secondName(from: string, at: string): Promise<boolean> {
  try {
    await link(from, at);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    if (!NO_SECOND_NAMES.includes(codeOf(error))) throw error;
    await copyFile(from, at, constants.COPYFILE_FICLONE);
  }
  return true;
}
