/** Where the files of a collection are in the state folder: `collections/<type>/<module>/<name>/`. */
import { join } from 'node:path';
import { COLLECTION_NAME, type CollectionId } from '../../model/collection.js';
import { MODULE_TYPES } from '../../model/module-view.js';
import type { Disk } from '../files/disk.js';

export const COLLECTIONS_FOLDER = 'collections';

const MODULE_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** `<type>/<module>/<name>`. Secrets are bound to this text. */
export function textOf({ module: { type, name: module }, name }: CollectionId): string {
  return `${type}/${module}/${name}`;
}

export function folderOf(dir: string, id: CollectionId): string {
  return join(dir, COLLECTIONS_FOLDER, textOf(id));
}

/** The collections that have a folder, whether their modules are installed or not. */
export async function foldersOf(disk: Disk, dir: string): Promise<CollectionId[]> {
  const root = join(dir, COLLECTIONS_FOLDER);
  const found: CollectionId[] = [];
  for (const type of MODULE_TYPES)
    for (const name of (await disk.list(join(root, type))).filter((text) => MODULE_NAME.test(text)))
      for (const collection of await disk.list(join(root, type, name)))
        if (COLLECTION_NAME.test(collection)) found.push({ module: { type, name }, name: collection });
  return found;
}

/** The collection of a file below the state folder; undefined if it is not a file of a collection. */
export function collectionOfFile(file: string): CollectionId | undefined {
  const [folder, typeText, name = '', collection = '', ...rest] = file.split('/');
  const type = MODULE_TYPES.find((one) => one === typeText);
  const isOne = folder === COLLECTIONS_FOLDER && MODULE_NAME.test(name) && COLLECTION_NAME.test(collection);
  return isOne && type && rest.length === 1 ? { module: { type, name }, name: collection } : undefined;
}
