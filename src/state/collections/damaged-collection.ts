/**
 * Moves a damaged file of a collection to `damaged/`. While it is there, calls to the collection are refused: an empty
 * collection in its place would make the module repeat or lose work.
 */
import { basename, join } from 'node:path';
import { AgentError } from '../../kernel/errors.js';
import type { CollectionId } from '../../model/collection.js';
import type { Disk } from '../files/disk.js';
import { DAMAGED_FOLDER, type DamagedDocument } from '../stores/damaged.js';
import type { DamagedCollectionError } from './collection-lines.js';
import { textOf } from './collection-folders.js';

/** Moves the file durably to `damaged/collections.<type>.<module>.<name>.<file>.<time>`. */
export async function setCollectionAside(
  disk: Disk,
  dir: string,
  id: CollectionId,
  { path, message }: DamagedCollectionError,
  time: string,
): Promise<DamagedDocument> {
  const name = `${prefixOf(id)}${basename(path)}.${time.replaceAll(':', '-')}`;
  const file = join(DAMAGED_FOLDER, name);
  await disk.move(path, join(dir, file));
  return { file, key: undefined, problem: message, claims: [] };
}

/** Throws `state_damaged` while a file of the collection is in `damaged/`. Jobs wait until an operator has moved it. */
export async function refuseDamaged(disk: Disk, dir: string, id: CollectionId): Promise<void> {
  const found = (await disk.list(join(dir, DAMAGED_FOLDER))).find((name) => name.startsWith(prefixOf(id)));
  if (found === undefined) return;
  throw new AgentError('state_damaged', 'Records of the product are damaged; the operator must check them.', {
    role: 'agent',
    failure: 'unreachable',
    detail: `the collection ${textOf(id)} was set aside as damaged/${found}`,
  });
}

function prefixOf(id: CollectionId): string {
  return `collections.${textOf(id).replaceAll('/', '.')}.`;
}
