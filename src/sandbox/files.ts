/**
 * Small files of the sandbox's state folder. They are written atomically, and secrets are created once and then kept.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Readable by the owner only. */
export const PRIVATE = 0o600;
export const PUBLIC = 0o644;

/** Returns the file's text, or undefined if there is no file. */
export async function findText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Replaces the file atomically: a reader (or a crash) sees the old text or the new text. Creates the folder if it is
 * missing.
 */
export async function writeText(path: string, text: string, mode = PRIVATE): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  await writeFile(temporary, text, { mode, flag: 'wx' });
  await rename(temporary, path);
}

/** Returns the secret in the file. If there is none yet, creates and keeps one (0600). */
export async function keptText(path: string, make: () => string): Promise<string> {
  const known = (await findText(path))?.trim();
  if (known !== undefined && known !== '') return known;
  const made = make();
  await writeText(path, `${made}\n`);
  return made.trim();
}

/** Returns the parsed JSON, or undefined if there is no file. Throws with the file's name if it is damaged. */
export async function findJson(path: string): Promise<unknown> {
  const text = await findText(path);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    throw new Error(`${path} is damaged: it contains no valid JSON; remove the state folder to start again`, {
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
