/**
 * Lists the files of a module's folder in a fixed order, and computes one hash over all of them. Two folders with the
 * same hash contain the same code.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { contentDigest } from '../kernel/content-digest.js';

const MIB = 1024 ** 2;

/**
 * Limits for the size of a module. They are needed because the state folder contains a copy of each version, and every
 * export of the state contains all copies.
 */
export const MODULE_LIMITS = { bytes: 64 * MIB, files: 10_000, depth: 32, pathLength: 255 } as const;

export interface ModuleFile {
  /** The path relative to the module's folder, with `/` as separator. */
  readonly path: string;
  /** The absolute path. For a link, this is the path of the file to which the link points. */
  readonly at: string;
  readonly bytes: number;
}

/**
 * SHA-256 (64 hexadecimal digits) over the paths and contents of all files in the folder. Modes, owners and times are
 * ignored. Reads one file after the other and stops as soon as a limit is exceeded. Throws an Error whose message
 * describes the problem to an operator.
 */
export async function contentHash(folder: string): Promise<string> {
  const digests = [];
  let left: number = MODULE_LIMITS.bytes;
  for (const file of await moduleFiles(folder)) {
    const { sha256, bytes } = await digestOf(file, left);
    left -= bytes;
    digests.push({ path: file.path, sha256 });
  }
  return contentDigest(digests);
}

/**
 * The files of a module, in the order of their paths. Names that begin with a dot (`.git`, `.idea`) and temporary files
 * of editors (`x~`, `#x#`, `x.tmp`, `x.swp`) are not part of a module. Throws an Error for an operator if the folder
 * contains a link to a place outside of the folder, a native add-on, a copy of `innkeeper` or something that is not a
 * file, or if it exceeds `limits`.
 */
export async function moduleFiles(
  folder: string,
  limits: Readonly<Record<keyof typeof MODULE_LIMITS, number>> = MODULE_LIMITS,
): Promise<ModuleFile[]> {
  const root = await realpath(folder);
  const files: ModuleFile[] = [];
  let bytes = 0;
  const walk = async (below: string, depth: number): Promise<void> => {
    if (depth > limits.depth)
      throw new Error(`${below} is nested too deeply: more than ${limits.depth} folders`);
    for (const name of (await readdir(join(root, below))).sort()) {
      if (isLeftOut(name)) continue;
      const path = below === '' ? name : `${below}/${name}`;
      assertName(path, name);
      const at = await insideOf(root, path);
      const found = await stat(at);
      if (found.isDirectory()) {
        await walk(path, depth + 1);
        continue;
      }
      if (!found.isFile()) throw new Error(`${path} is neither a file nor a folder`);
      bytes += found.size;
      files.push({ path, at, bytes: found.size });
      if (files.length > limits.files) throw new Error(`it has more than ${limits.files} files`);
      if (bytes > limits.bytes) throw tooLarge();
    }
  };
  await walk('', 0);
  return files;
}

function isLeftOut(name: string): boolean {
  return name.startsWith('.') || /(~|\.tmp|\.swp)$/.test(name) || /^#.*#$/.test(name);
}

function assertName(path: string, name: string): void {
  // U+FFFD is rejected because it replaces bytes that are not valid UTF-8
  if (/[\p{C}\p{Zl}\p{Zp}\\\uFFFD]/u.test(name))
    throw new Error(`${JSON.stringify(path)} is not an allowed file name`);
  if (path.length > MODULE_LIMITS.pathLength)
    throw new Error(`the path ${path} is longer than ${MODULE_LIMITS.pathLength} characters`);
  if (/\.node$/i.test(name)) throw new Error(`${path} is a native add-on, which could crash the agent`);
  if (path === 'node_modules/innkeeper')
    throw new Error(`${path} is part of the agent: a module must not contain a copy`);
}

/** The absolute path of the file or, for a link, of the file to which the link points. */
async function insideOf(root: string, path: string): Promise<string> {
  const at = await realpath(join(root, path)).catch((error: unknown) => {
    throw new Error(`${path} cannot be read, or is a broken link`, { cause: error });
  });
  if (!at.startsWith(root + sep)) throw new Error(`${path} is a link to a file outside of the folder`);
  return at;
}

/** The hash and size of a file. If the file grows while it is read, the size is the number of bytes that were read. */
async function digestOf({ at }: ModuleFile, most: number): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(at)) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > most) throw tooLarge();
    hash.update(chunk);
  }
  return { sha256: hash.digest('hex'), bytes };
}

const tooLarge = (): Error => new Error(`it is larger than ${MODULE_LIMITS.bytes / MIB} MiB`);
