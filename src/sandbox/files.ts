/**
 * Reads and writes small files in the sandbox's state folder. Files are written atomically. Secrets are created once
 * and then kept.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The mode of files that only the owner can read. */
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
 * Replaces the file atomically, so that a reader sees either the old or the new text, even after a crash. Creates the
 * folder if it is missing.
 */
export async function writeText(path: string, text: string, mode = PRIVATE): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  await writeFile(temporary, text, { mode, flag: 'wx' });
  await rename(temporary, path);
}

/** Returns the secret in the file. If the file does not exist, creates a secret and stores it (mode 0600). */
export async function keptText(path: string, make: () => string): Promise<string> {
  const known = (await findText(path))?.trim();
  if (known !== undefined && known !== '') return known;
  const made = make();
  await writeText(path, `${made}\n`);
  return made.trim();
}

/**
 * Returns the parsed JSON, or undefined if there is no file. If the file is damaged, throws an error that contains the
 * name of the file.
 */
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

/** Returns whether the error is a system error with this code, such as `EADDRINUSE`. */
export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
