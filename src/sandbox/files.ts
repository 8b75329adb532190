/**
 * Small files of the sandbox's state folder: written whole or not at all, and secrets that are made once and then
 * kept.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** For the owner only. */
export const PRIVATE = 0o600;
export const PUBLIC = 0o644;

/** The file's text, or undefined when there is none. */
export async function findText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Replaces the file in one go, so that a reader (or a crash) sees the old text or the new one. Makes its folder. */
export async function writeText(path: string, text: string, mode = PRIVATE): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  await writeFile(temporary, text, { mode, flag: 'wx' });
  await rename(temporary, path);
}

/** The secret that the file holds; made and kept (0600) when there is none yet. */
export async function keptText(path: string, make: () => string): Promise<string> {
  const known = (await findText(path))?.trim();
  if (known !== undefined && known !== '') return known;
  const made = make();
  await writeText(path, `${made}\n`);
  return made.trim();
}

/** Parsed JSON, or undefined when there is no file. Throws with the file's name when it is damaged. */
export async function findJson(path: string): Promise<unknown> {
  const text = await findText(path);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    throw new Error(`${path} is damaged: it holds no valid JSON; remove the state folder to start again`, {
      cause: error,
    });
  }
}

export async function writeJson(path: string, value: unknown, mode = PRIVATE): Promise<void> {
  await writeText(path, `${JSON.stringify(value, null, 2)}\n`, mode);
}

/** True for a system error with this code, e.g. `EADDRINUSE`. */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
