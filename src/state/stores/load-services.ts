/**
 * Reads every service's document at boot. Files are moved and changed only after everything was read, so a start with a
 * wrong key, or with documents of a newer release, leaves the folder unchanged.
 */
import { join } from 'node:path';
import { AgentError } from '../../kernel/errors.js';
import { keyOf, type Service, type ServiceKey } from '../../model/service.js';
import { setAside, setAsideBefore, type DamagedDocument } from './damaged.js';
import type { Disk } from '../files/disk.js';
import { DamagedDocumentError, DocumentAdapter } from '../documents/document.js';
import { codeOf } from '../files/file-system.js';
import type { DeferWrite } from '../files/deferred-writes.js';
import type { SecretBox } from '../keys/secret-box.js';
import { keyOfFile, placeOf, serviceKind } from '../documents/service-document.js';
import { forEachConcurrent } from '../../kernel/async/for-each-concurrent.js';

const AT_ONCE = 32;

interface Unreadable {
  readonly path: string;
  readonly problem: string;
  readonly text: string;
  readonly otherKey: boolean;
}

export interface LoadOptions {
  readonly disk: Disk;
  readonly box: SecretBox;
  readonly dir: string;
  /** The time in the names of documents that are set aside (RFC 3339). */
  readonly now: () => string;
  readonly warn: (message: string, detail: string) => void;
  readonly later: DeferWrite;
  /** Called for each readable document, in no particular order. */
  readonly onService: (service: Service) => void;
}

/**
 * Returns the documents that were set aside, by this start or an earlier one. Throws AgentError `state_unavailable`.
 */
export async function loadServices(options: LoadOptions): Promise<DamagedDocument[]> {
  const { disk, dir, warn } = options;
  const files = await documentFiles(options);
  const unreadable: Unreadable[] = [];
  let withOurKey = 0;
  await forEachConcurrent(files, AT_ONCE, async (path) => {
    const service = await readOne(options, path).catch((error: unknown) => {
      if (!(error instanceof DamagedDocumentError)) throw error;
      unreadable.push({ path, problem: error.message, text: error.text, otherKey: error.otherKey });
      return null;
    });
    if (!service) return;
    if (Object.keys(service.secrets).length > 0) withOurKey += 1;
    options.onService(service);
  });
  unreadable.sort((a, b) => (a.path < b.path ? -1 : 1));
  if (withOurKey === 0) refuseWrongKey(unreadable);
  const before = await setAsideBefore(disk, dir);
  const now: DamagedDocument[] = [];
  for (const found of unreadable) {
    const damaged = setAside(disk, dir, found, options.now(), options.later);
    warn('a damaged document was set aside', `${damaged.file}: ${damaged.problem}`);
    now.push(damaged);
  }
  return [...before, ...now];
}

async function documentFiles({ disk, dir, warn, later }: LoadOptions): Promise<string[]> {
  const root = join(dir, 'services');
  const found: string[] = [];
  await forEachConcurrent(await disk.list(root), AT_ONCE, async (folder) => {
    const names = await disk.list(join(root, folder));
    // if the last daemon was killed between the rename of a file and the fsync of its folder, the rename is not durable
    // yet
    if (names.length > 0) later(() => disk.syncFolder(join(root, folder)));
    for (const name of names) {
      const path = join(root, folder, name);
      if (name.endsWith('.json.tmp')) later(() => disk.discard(path));
      else if (name.endsWith('.json')) found.push(path);
      else warn('the state folder contains an unexpected file', path);
    }
  });
  return found;
}

async function readOne(options: LoadOptions, path: string): Promise<Service | null> {
  const [folder = '', name = ''] = path.split('/').slice(-2);
  const key = keyOfFile(name);
  const text = await readText(options.disk, path);
  if (text === undefined) return null;
  if (key === undefined) throw new DamagedDocumentError('its file name does not identify a service', text);
  const service = serviceAdapter(options, key).parse(text);
  if (keyOf(service) !== key)
    throw new DamagedDocumentError(`its content is that of ${keyOf(service)}`, text);
  if (placeOf(key).folder !== folder)
    throw new DamagedDocumentError(`it is in folder ${folder} instead of ${placeOf(key).folder}`, text);
  return service;
}

async function readText(disk: Disk, path: string): Promise<string | undefined> {
  try {
    return await disk.find(path);
  } catch (error) {
    if (codeOf(error) === 'EISDIR') return undefined;
    if (codeOf(error) === 'EIO') throw new DamagedDocumentError('the disk cannot read it (EIO)', '');
    throw new AgentError('state_unavailable', 'The state cannot be read.', {
      role: 'agent',
      detail: `${path}: ${String(error)}`,
      cause: error,
    });
  }
}

export function serviceAdapter(
  at: { disk: Disk; box: SecretBox; dir: string },
  key: ServiceKey,
): DocumentAdapter<Service> {
  return new DocumentAdapter(at.disk, at.box, serviceKind, key, pathOf(at.dir, key));
}

export function pathOf(dir: string, key: ServiceKey): string {
  const { folder, file } = placeOf(key);
  return join(dir, 'services', folder, file);
}

/**
 * Refuses the start if the key is wrong. With a wrong key, every document would be reported as damaged, although only
 * the configuration is wrong.
 */
function refuseWrongKey(unreadable: readonly Unreadable[]): void {
  const first = unreadable.find(({ otherKey }) => otherKey);
  if (!first) return;
  throw new AgentError('state_unavailable', 'The state was encrypted with another key.', {
    role: 'agent',
    retryable: false,
    detail: `${first.path}: ${first.problem}. Configure the state_key (or restore secret.key) that this state folder was made with.`,
  });
}
