/**
 * What a module's folder contains: its files in a fixed order, and one hash over all of them. Two folders with the
 * same hash run the same code.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { contentDigest } from '../kernel/content-digest.js';

const MIB = 1024 ** 2;

/** What a module may be. A copy of each version is kept, and every copy is part of each export of the state. */
export const MODULE_LIMITS = { bytes: 64 * MIB, files: 10_000, depth: 32, pathLength: 255 } as const;

export interface ModuleFile {
  /** Below the folder, with `/`. */
  readonly path: string;
  /** Absolute; of a link, what it leads to. */
  readonly at: string;
  readonly bytes: number;
}

/**
 * SHA-256 (64 hexadecimal digits) of all files in the folder: their paths and contents, nothing else. Reads file by
 * file and stops at the first limit. Throws an Error that says what is wrong with the folder, for an operator.
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
 * The files of a module, by path. Names that begin with a dot (`.git`, `.idea`) and what editors leave behind (`x~`,
 * `#x#`, `x.tmp`, `x.swp`) are not part of a module. Throws an Error as `contentHash` does: for a link out of the
 * folder, a native add-on, a copy of `innkeeper`, something that is no file, or more than `MODULE_LIMITS`.
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
  // U+FFFD stands for bytes that are no UTF-8
  if (/[\p{C}\p{Zl}\p{Zp}\\\uFFFD]/u.test(name))
    throw new Error(`${JSON.stringify(path)} is no usable file name`);
  if (path.length > MODULE_LIMITS.pathLength)
    throw new Error(`${path} is a longer path than ${MODULE_LIMITS.pathLength}`);
  if (/\.node$/i.test(name)) throw new Error(`${path} is a native add-on, which could end the agent`);
  if (path === 'node_modules/innkeeper')
    throw new Error(`${path} is part of the agent: a module has no copy of it`);
}

/** The file itself, or what the link leads to. */
async function insideOf(root: string, path: string): Promise<string> {
  const at = await realpath(join(root, path)).catch((error: unknown) => {
    throw new Error(`${path} cannot be read, or is a link to nothing`, { cause: error });
  });
  if (!at.startsWith(root + sep)) throw new Error(`${path} is a link out of the folder`);
  return at;
}

/** A file that grows while it is read counts with what was read of it. */
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
