/** Verifies a whole state: either the state folder of a stopped daemon, or an export. Changes nothing. */
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { decodeKey } from '../../kernel/key-text.js';
import {
  BundleError,
  isStatePath,
  KEY_FILE,
  type Manifest,
  type OnFile,
  readBundle,
  textOf,
} from './bundle.js';
import { COLLECTIONS_FOLDER } from '../collections/collection-folders.js';
import { DAMAGED_FOLDER } from '../stores/damaged.js';
import { type Checked, DocumentCheck } from './check-documents.js';

export type { Trouble } from './check-documents.js';
import { statePaths } from './instant-copy.js';
import { isModulePath } from './module-copies.js';
import { keyIdOf, SecretBox } from '../keys/secret-box.js';
import { isUnfinished } from '../files/unfinished-import.js';

export interface Verified extends Checked {
  /** The manifest of the export; present if the export could be read to its end. */
  readonly manifest?: Manifest;
  /** Whether the secrets were decrypted during the check. */
  readonly opened: boolean;
}

/** Called after each file of the state, with the number of files so far. */
export type FileRead = (files: number) => void;

/**
 * `keys` contains the keys to try, of 32 bytes each, the present key first. Without keys, secrets are only counted, not
 * decrypted. Throws the system's error when the folder cannot be read.
 */
export async function verifyFolder(
  dir: string,
  keys: readonly Buffer[],
  fileRead?: FileRead,
): Promise<Verified> {
  const check = new DocumentCheck(boxOf(keys));
  const paths = await statePaths(dir);
  const strays = paths
    .filter((path) => !isStatePath(path))
    .map((file) => ({
      file,
      problem: 'is not part of a state, so exports omit it: move the file elsewhere',
    }));
  for (const [n, path] of paths.filter(isStatePath).entries()) {
    const bytes = (): AsyncIterable<Buffer> => createReadStream(join(dir, path));
    if (isModulePath(path)) await check.takeModuleFile(path, bytes());
    else if (isCollectionPath(path)) await check.takeCollection(path, bytes());
    // such a file may be large, and is only listed
    else if (isSetAside(path)) check.take(path, '');
    else check.take(path, await readFile(join(dir, path), 'utf8'));
    fileRead?.(n + 1);
  }
  const checked = check.finish();
  const unfinished = (await isUnfinished(dir))
    ? [{ file: '', problem: 'an import into this folder was not finished' }]
    : [];
  return { ...checked, findings: [...unfinished, ...strays, ...checked.findings], opened: keys.length > 0 };
}

/**
 * Verifies a file that `innkeeper state export` has written. If the export contains its key, or if one of `keys` is its
 * key, the secrets are decrypted during the check.
 */
export async function verifyFile(
  file: string,
  keys: readonly Buffer[],
  fileRead?: FileRead,
): Promise<Verified> {
  const fitting = await fittingKey(file, keys);
  return verifyStream(openBundle(file), fitting ? [fitting, ...keys] : [], fileRead);
}

/** Verifies an uncompressed export. A problem of the export as a whole is reported as a finding without a file. */
export async function verifyStream(
  source: Readable,
  keys: readonly Buffer[],
  fileRead?: FileRead,
): Promise<Verified> {
  const check = new DocumentCheck(boxOf(keys));
  const opened = keys.length > 0;
  let files = 0;
  try {
    const manifest = await readBundle(source, async (path, bytes) => {
      if (isModulePath(path)) await check.takeModuleFile(path, bytes);
      else if (isCollectionPath(path)) await check.takeCollection(path, bytes);
      else if (isSetAside(path)) {
        for await (const _ of bytes);
        check.take(path, '');
      } else if (path.endsWith('.ndjson')) await check.takeLog(path, bytes);
      else {
        const text = await textOf(bytes);
        if (path !== KEY_FILE) check.take(path, text);
      }
      fileRead?.((files += 1));
    });
    return { ...check.finish(), manifest, opened };
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    const checked = check.finish();
    return { ...checked, findings: [{ file: '', problem: error.message }, ...checked.findings], opened };
  }
}

/** The uncompressed tar of an exported file; the stream fails when the file is incomplete. */
export function openBundle(file: string): Readable {
  const gunzip = createGunzip();
  pipeline(createReadStream(file), gunzip, () => {});
  return gunzip;
}

/**
 * Finds the key before the documents are read, because the manifest and the key come after the documents in the file.
 */
async function fittingKey(file: string, given: readonly Buffer[]): Promise<Buffer | undefined> {
  let found: Buffer | undefined;
  const look: OnFile = async (path, bytes) => {
    if (path === KEY_FILE) found = decodeKey((await textOf(bytes)).trim());
    else for await (const _ of bytes);
  };
  try {
    const { key } = await readBundle(openBundle(file), look);
    return [...(found ? [found] : []), ...given].find((one) => keyIdOf(one) === key.id);
  } catch (error) {
    if (error instanceof BundleError) return undefined;
    throw error;
  }
}

function isCollectionPath(path: string): boolean {
  return path.startsWith(`${COLLECTIONS_FOLDER}/`);
}

function isSetAside(path: string): boolean {
  return path.startsWith(`${DAMAGED_FOLDER}/`);
}

function boxOf([key, ...former]: readonly Buffer[]): SecretBox | undefined {
  return key === undefined ? undefined : new SecretBox(key, former);
}
