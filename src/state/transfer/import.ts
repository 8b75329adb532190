/**
 * Imports an exported state into an empty folder. After a crash the folder contains an incomplete state. No daemon
 * starts with an incomplete state, and the next import starts from the beginning.
 */
import { createWriteStream } from 'node:fs';
import { chown, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AgentError } from '../../kernel/errors.js';
import { BundleError, KEY_FILE, type Manifest, readBundle, textOf } from './bundle.js';
import { EPOCHS_FOLDER } from '../documents/log-epoch-document.js';
import { nodeFileSystem } from '../files/file-system.js';
import { lockFolder } from '../files/lock.js';
import { makeRoot } from '../files/root-folder.js';
import { keyIdOf } from '../keys/secret-box.js';
import { findStateKey, type KeyPlaces } from '../keys/state-key.js';
import { isUnfinished, markFinished, markUnfinished } from '../files/unfinished-import.js';
import { type FileRead, openBundle, type Verified, verifyFile } from './verify.js';

export interface ImportOptions {
  readonly file: string;
  readonly config: KeyPlaces & { readonly agent: { readonly id: string } };
  /** Called for each file that is checked, then for each file that is written. */
  readonly fileRead?: FileRead;
}

export interface Imported {
  readonly manifest: Manifest;
  /** The result of the check of the export. Documents with problems are imported unchanged. */
  readonly verified: Verified;
  /**
   * `there`: the target already has the key that the documents need. `imported`: the key came with the export.
   * `missing`: the operator must provide the key before the daemon starts.
   */
  readonly key: 'there' | 'imported' | 'missing';
}

/** Names of files that a folder may contain although it is not a state folder yet. */
const HARMLESS = /^(lock(\.json)?|clock\.json|import-unfinished|secret\.key|lost\+found)$/;

/**
 * Throws AgentError `state_unavailable` with the reason. In that case nothing was changed, or the unfinished import was
 * removed again.
 */
export async function importState({ file, config, fileRead }: ImportOptions): Promise<Imported> {
  const dir = config.agent.state_dir;
  const verified = await verifyFile(file, await keysOf(config), fileRead).catch((error: unknown) => {
    throw refused(`${file} cannot be read: ${String(error)}`, error);
  });
  const { manifest } = verified;
  if (!manifest) throw refused(`${file}: ${verified.findings[0]?.problem ?? 'it is not an export'}`);
  if (verified.newer)
    throw refused(
      `${file} was written by release ${manifest.program}: ${verified.findings.map((one) => `${one.file} ${one.problem}`).join('; ')}`,
    );
  if (manifest.agent !== config.agent.id)
    throw refused(
      `it is the state of the agent "${manifest.agent}", but agent.id is "${config.agent.id}": all objects of that agent carry its id, so set agent.id to "${manifest.agent}"`,
    );
  const key = await fittingKey(config, manifest);
  await makeRoot(dir);
  const lock = await lockFolder({ dir, patienceS: 0, onLost: () => {} });
  const refuseLost = (): void => {
    const problem = lock.problem();
    if (problem !== undefined) throw refused(`${problem} while the import ran`);
  };
  try {
    const unfinished = await isUnfinished(dir);
    if (unfinished) await empty(dir);
    await assertEmpty(dir);
    await markUnfinished(dir);
    const onFile = (files: number): void => {
      refuseLost();
      fileRead?.(files);
    };
    await unpack(file, dir, key === 'imported', onFile).catch(async (error: unknown) => {
      // the lock was lost, so another daemon may be using the folder now
      refuseLost();
      await empty(dir);
      await markFinished(dir);
      throw error instanceof BundleError ? refused(`${file}: ${error.message}`, error) : error;
    });
    refuseLost();
    await giveToOwner(dir);
    await markFinished(dir);
    return { manifest, verified, key };
  } finally {
    await lock.release();
  }
}

async function keysOf(config: KeyPlaces): Promise<Buffer[]> {
  const key = await findStateKey(config);
  return key ? [key] : [];
}

async function fittingKey(config: KeyPlaces, manifest: Manifest): Promise<Imported['key']> {
  const there = await findStateKey(config);
  if (!there) return manifest.key.included ? 'imported' : 'missing';
  const keyId = keyIdOf(there);
  if (keyId === manifest.key.id) return 'there';
  const place = config.state_key ? 'the configured state_key' : join(config.agent.state_dir, KEY_FILE);
  throw refused(`its secrets were encrypted with key ${manifest.key.id}, but ${place} is the key ${keyId}`);
}

async function assertEmpty(dir: string): Promise<void> {
  const found = (await readdir(dir)).filter((name) => !HARMLESS.test(name));
  if (found.length > 0)
    throw refused(
      `${dir} is not empty: it holds ${found.slice(0, 5).join(', ')}. Import into an empty folder, or move its contents elsewhere`,
    );
}

/** Removes everything that an import has written. The folder was empty before the import. */
async function empty(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { withFileTypes: true }))
    if (entry.isDirectory() && entry.name !== 'lost+found')
      await rm(join(dir, entry.name), { recursive: true });
}

/** `onFile`: called before each file is written, with the number of files before it; it may throw. */
async function unpack(file: string, dir: string, withKey: boolean, onFile: FileRead): Promise<void> {
  const folders = new Set([dir]);
  let files = 0;
  await readBundle(openBundle(file), async (path, bytes) => {
    onFile(files++);
    // cursors of the exported log must not be valid here, because the original log may have continued after the export
    if (path.startsWith(`${EPOCHS_FOLDER}/`)) {
      await textOf(bytes);
      return;
    }
    if (path === KEY_FILE) {
      const text = await textOf(bytes);
      if (withKey) await writeFile(join(dir, path), text, { mode: 0o600, flush: true });
      return;
    }
    for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) folders.add(join(dir, folder));
    await mkdir(join(dir, dirname(path)), { recursive: true, mode: 0o700 });
    await pipeline(bytes, createWriteStream(join(dir, path), { mode: 0o600, flush: true }));
  });
  for (const folder of folders) await nodeFileSystem.syncFolder(folder);
}

/** Gives the files to the folder's owner, because root may run the import for a service that has a separate user. */
async function giveToOwner(dir: string): Promise<void> {
  const { uid, gid } = await stat(dir);
  if (process.getuid?.() !== 0 || uid === 0) return;
  for (const name of await readdir(dir, { recursive: true })) await chown(join(dir, name), uid, gid);
}

function refused(detail: string, cause?: unknown): AgentError {
  return new AgentError('state_unavailable', 'The state cannot be imported.', {
    role: 'agent',
    retryable: false,
    detail,
    ...(cause === undefined ? {} : { cause }),
  });
}
