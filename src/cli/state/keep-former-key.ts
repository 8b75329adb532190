/** Copies the key that a rotation replaces, because exports that were made with this key still need it. */
import { open, readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { decodeKey } from '../../kernel/key-text.js';
import { keyIdOf } from '../../state/keys/secret-box.js';
import { FORMER_FILE, KEY_FILE } from '../../state/keys/former-keys.js';
import { codeOf, nodeFileSystem } from '../../state/files/file-system.js';
import { CommandFailure } from '../shared/failure.js';
import { loadForCommand } from '../shared/of-service.js';

export interface KeepRequest {
  readonly configFile: string;
  /** The ID of the key to keep. */
  readonly keyId: string;
  /** The file for the copy. If the file exists, it must already contain this key. */
  readonly to: string;
}

/**
 * Writes the copy, which is durable when the promise resolves. Throws CommandFailure; in this case, the caller must
 * not rotate the key.
 */
export async function keepFormerKey({ configFile, keyId, to }: KeepRequest): Promise<void> {
  const dir = (await loadForCommand(configFile)).agent.state_dir;
  const path = resolve(to);
  for (const name of [KEY_FILE, FORMER_FILE]) {
    const text = await readFile(join(dir, name), 'utf8').catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return '';
      throw new CommandFailure(`Cannot read ${join(dir, name)}: ${String(error)}`, { cause: error });
    });
    const line = text.split('\n').find((one) => idIn(one) === keyId);
    if (line !== undefined) return write(path, `${line.trim()}\n`, keyId);
  }
  throw new CommandFailure(`The key ${keyId} is not in ${dir}, so it cannot be kept. Nothing was rotated.`);
}

async function write(path: string, text: string, keyId: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await nodeFileSystem.syncFolder(dirname(path));
  } catch (error) {
    const isThere = codeOf(error) === 'EEXIST' && idIn(await readFile(path, 'utf8')) === keyId;
    if (!isThere)
      throw new CommandFailure(`Cannot write ${path}: ${String(error)}. Nothing was rotated.`, {
        cause: error,
      });
  }
}

function idIn(text: string): string | undefined {
  const key = decodeKey(text);
  return key && keyIdOf(key);
}
