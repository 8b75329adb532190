/**
 * The key that encrypts the secrets in the state folder. The key is either configured, or generated once and kept next
 * to the documents.
 */
import { randomBytes } from 'node:crypto';
import { link, open, readdir, stat, unlink, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../config/config.js';
import { decodeKey } from '../../kernel/key-text.js';
import { AgentError } from '../../kernel/errors.js';
import { loadFormerKeys } from './former-keys.js';
import { codeOf, nodeFileSystem } from '../files/file-system.js';
import { makeRoot } from '../files/root-folder.js';
import { refuseUnfinishedImport } from '../files/unfinished-import.js';

export interface KeyPlaces {
  readonly state_key: Config['state_key'];
  readonly agent: Pick<Config['agent'], 'state_dir'>;
}

/**
 * Returns the key (32 bytes), or undefined when there is no key yet. Never creates a key. Throws AgentError
 * `state_unavailable` with a sentence for the operator in `detail`.
 */
export async function findStateKey(config: KeyPlaces): Promise<Buffer | undefined> {
  if (config.state_key) return decoded(config.state_key.reveal(), 'the configured state_key');
  const path = join(config.agent.state_dir, 'secret.key');
  try {
    return await existing(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error instanceof AgentError ? error : refusal(path, whyUnusable(error), error);
  }
}

/** Returns the key and the former keys, if there are any. Never creates a key. Throws what `findStateKey` throws. */
export async function findStateKeys(
  config: KeyPlaces & { readonly state_key_former: Config['state_key_former'] },
): Promise<Buffer[]> {
  const key = await findStateKey(config);
  return key ? [key, ...(await loadFormerKeys(config))] : [];
}

/**
 * Returns the key, 32 bytes. If there is no key and no document needs one, a new key is generated. Throws what
 * `findStateKey` throws.
 */
export async function loadStateKey(config: KeyPlaces): Promise<Buffer> {
  const found = await findStateKey(config);
  if (found) return found;
  const dir = config.agent.state_dir;
  const path = join(dir, 'secret.key');
  await refuseUnfinishedImport(dir);
  if (await hasDocuments(dir))
    throw refusal(
      path,
      'the key is missing, but documents contain secrets that need it. Restore the key from a backup.',
    );
  try {
    return await made(dir, path);
  } catch (error) {
    throw error instanceof AgentError
      ? error
      : refusal(path, `it cannot be created: ${String(error)}`, error);
  }
}

function whyUnusable(error: unknown): string {
  if (codeOf(error) === 'EACCES')
    return 'permission denied; does the folder belong to the user that runs the daemon?';
  return codeOf(error) === 'ENOTDIR' ? 'agent.state_dir is not a folder' : String(error);
}

function refusal(what: string, problem: string, cause?: unknown): AgentError {
  return new AgentError('state_unavailable', 'The state key cannot be used.', {
    role: 'agent',
    retryable: false,
    detail: `${what}: ${problem}`,
    ...(cause === undefined ? {} : { cause }),
  });
}

function decoded(text: string, what: string): Buffer {
  const key = decodeKey(text);
  if (!key) throw refusal(what, 'expected 32 bytes in base64 or hex');
  return key;
}

async function existing(path: string): Promise<Buffer> {
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0)
    throw refusal(path, `its mode is ${(mode & 0o777).toString(8)}, expected 600: others can read it`);
  return decoded(await readFile(path, 'utf8'), path);
}

async function hasDocuments(dir: string): Promise<boolean> {
  for (const folder of ['services', 'tokens', 'domains', 'acme', 'remembered', 'damaged']) {
    const names = await readdir(join(dir, folder), { recursive: true }).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return [];
      throw refusal(dir, `it cannot be read: ${String(error)}`, error);
    });
    if (names.some((name) => name.includes('.json'))) return true;
  }
  return false;
}

async function made(dir: string, path: string): Promise<Buffer> {
  await makeRoot(dir);
  const temp = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  const file = await open(temp, 'wx', 0o600);
  try {
    await file.writeFile(`${randomBytes(32).toString('base64')}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  // the file is linked instead of renamed, because a rename would replace an existing key: if two daemons start at
  // once, the second must not replace the key that the first already uses
  await link(temp, path).catch((error: unknown) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
  await unlink(temp);
  await nodeFileSystem.syncFolder(dir);
  return existing(path);
}
