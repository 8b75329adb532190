/**
 * The format of an exported state: a tar file with every document, followed by a manifest with the checksum of each
 * document. An export without a manifest is incomplete.
 */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { extract } from 'tar-stream';
import { type Static, Type } from 'typebox';
import { lazyCheck } from '../../kernel/lazy-check.js';
import { cleaned } from '../../kernel/text.js';
import { COLLECTIONS_FOLDER } from '../collections/collection-folders.js';
import { KINDS } from '../documents/kinds.js';
import { DAMAGED_FOLDER } from '../stores/damaged.js';
import { isModulePath, MOST_MODULE_FILE } from './module-copies.js';

export const FORMAT = 'innkeeper-state/1';
export const MANIFEST = 'manifest.json';
export const KEY_FILE = 'secret.key';

const ManifestSchema = Type.Object({
  format: Type.String(),
  /** Version of the program that wrote the export. */
  program: Type.String(),
  /** `agent.id`, which is part of the mark on every object that the agent created. */
  agent: Type.String(),
  made_at: Type.String(),
  /** The key that encrypted the secrets, and whether the export contains this key. */
  key: Type.Object({ id: Type.String(), included: Type.Boolean() }),
  files: Type.Array(
    Type.Object({
      path: Type.String(),
      bytes: Type.Integer({ minimum: 0 }),
      sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    }),
  ),
});
export type Manifest = Static<typeof ManifestSchema>;
const check = lazyCheck(ManifestSchema);

/** The message describes a problem of the export as a whole. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}

/**
 * Matches only paths that a state folder can contain. A path that leads out of the folder and the name of a hidden file
 * do not match.
 */
const PATH = /^(?:[A-Za-z0-9_][A-Za-z0-9._~-]*\/)+[A-Za-z0-9_][A-Za-z0-9._~-]*$/;
const LONGEST_PATH = 300;
const MIB = 1024 ** 2;

/** The subfolders that a state folder can have. Other subfolders, e.g. of newer releases, are refused. */
const FOLDERS: ReadonlySet<string> = new Set([
  'services',
  'archive',
  'events',
  'audit',
  DAMAGED_FOLDER,
  COLLECTIONS_FOLDER,
  ...Object.keys(KINDS),
]);

/** Maximum size of a document in bytes. The daily files of a log may be larger. */
const MOST_DOCUMENT = 16 * MIB;
const MOST_LOG = 4096 * MIB;
const MOST_MANIFEST = 256 * MIB;
const MOST_FILES = 1_000_000;
const MOST_TOTAL = 65_536 * MIB;

export function isStatePath(path: string): boolean {
  if (path === KEY_FILE || isModulePath(path)) return true;
  return path.length <= LONGEST_PATH && PATH.test(path) && FOLDERS.has(path.split('/', 1)[0] ?? '');
}

function mostBytesOf(name: string): number {
  if (name === MANIFEST) return MOST_MANIFEST;
  if (isModulePath(name)) return MOST_MODULE_FILE;
  // the file of a collection may have been set aside
  return name.endsWith('.ndjson') || name.startsWith(`${DAMAGED_FOLDER}/`) ? MOST_LOG : MOST_DOCUMENT;
}

/** Cleans a name for display, because the author of the archive may have chosen it maliciously. */
function shown(name: string): string {
  return JSON.stringify(cleaned(name, 120));
}

/** Called for each file of the export. The function must read all bytes. */
export type OnFile = (path: string, bytes: AsyncIterable<Buffer>) => Promise<void>;

/**
 * Reads an uncompressed tar to its end and checks every file against the manifest. Throws BundleError, and what
 * `onFile` throws.
 */
export async function readBundle(source: Readable, onFile: OnFile): Promise<Manifest> {
  try {
    return await readEntries(source, onFile);
  } catch (error) {
    if (error instanceof BundleError || !isStreamError(error)) throw error;
    throw new BundleError(`it cannot be read to its end: ${error.message}`, { cause: error });
  } finally {
    source.destroy();
  }
}

async function readEntries(source: Readable, onFile: OnFile): Promise<Manifest> {
  const seen = new Map<string, { bytes: number; sha256: string }>();
  let manifest: Manifest | undefined;
  const entries = extract();
  source.once('error', (error) => entries.destroy(error));
  source.pipe(entries);
  let total = 0;
  for await (const entry of entries) {
    const { name, type, size } = entry.header;
    total += size;
    // tar-stream reads exactly as many bytes as the header says, so this check also limits the size of the unpacked
    // data
    if (seen.size >= MOST_FILES) throw new BundleError(`it contains more than ${MOST_FILES} files`);
    if (size > mostBytesOf(name))
      throw new BundleError(`${shown(name)} is larger than any file of a state: ${size} bytes`);
    if (total > MOST_TOTAL) throw new BundleError(`it contains more than ${MOST_TOTAL} bytes`);
    if (manifest) throw new BundleError(`${shown(name)} comes after the manifest`);
    if (name === MANIFEST) {
      manifest = await readManifest(entry);
      continue;
    }
    if (type !== 'file' || !isStatePath(name))
      throw new BundleError(`it contains ${shown(name)}, which is not part of a state`);
    if (seen.has(name)) throw new BundleError(`it contains ${name} twice`);
    const sum = new Sum();
    await onFile(name, sum.over(entry));
    seen.set(name, { bytes: sum.bytes, sha256: sum.hash.digest('hex') });
  }
  if (!manifest)
    throw new BundleError('it ends without a manifest: it is incomplete, or is not an export of a state');
  holdAgainst(manifest, seen);
  return manifest;
}

class Sum {
  readonly hash = createHash('sha256');
  bytes = 0;

  async *over(entry: AsyncIterable<unknown>): AsyncGenerator<Buffer> {
    for await (const chunk of entry) {
      if (!Buffer.isBuffer(chunk)) continue;
      this.hash.update(chunk);
      this.bytes += chunk.length;
      yield chunk;
    }
  }
}

async function readManifest(entry: AsyncIterable<unknown>): Promise<Manifest> {
  let value: unknown;
  const text = await textOf(new Sum().over(entry));
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BundleError('its manifest is damaged', { cause: error });
  }
  if (!check.Check(value)) throw new BundleError('its manifest does not match its schema');
  if (value.format !== FORMAT)
    throw new BundleError(
      `its format is ${JSON.stringify(value.format)}, and this release understands ${FORMAT}`,
    );
  return value;
}

export async function textOf(bytes: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function holdAgainst(manifest: Manifest, seen: ReadonlyMap<string, { bytes: number; sha256: string }>): void {
  const listed = new Set(manifest.files.map(({ path }) => path));
  const extra = [...seen.keys()].find((path) => !listed.has(path));
  if (extra !== undefined) throw new BundleError(`${extra} is not in its manifest`);
  for (const { path, bytes, sha256 } of manifest.files) {
    const found = seen.get(path);
    if (!found) throw new BundleError(`${path} is in its manifest, but missing`);
    if (found.bytes !== bytes || found.sha256 !== sha256)
      throw new BundleError(`${path} does not match its checksum`);
  }
}

/** Whether an error comes from zlib, from tar-stream, or from the disk or socket from which the export is read. */
function isStreamError(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return (
    'code' in error ||
    /tar header|header exceeds|unexpected end|premature close|aborted|writable stream closed/i.test(
      error.message,
    )
  );
}
