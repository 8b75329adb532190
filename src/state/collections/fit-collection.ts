/** Decides whether the documents of a collection fit what its module declares now. */
import type { CollectionId, CollectionShape } from '../../model/collection.js';
import { CollectionError } from '../../model/collection-error.js';
import { headerOf } from './collection-files.js';
import { textOf } from './collection-folders.js';
import type { Opened } from './open-collection.js';

/**
 * Throws CollectionError `outdated` if the documents need a migration, and `unfit` if they need one that the module
 * does not declare. Without documents, the collection gets the new shape, and must be opened again: returns true.
 */
export async function adopt(opened: Opened, id: CollectionId, shape: CollectionShape): Promise<boolean> {
  const { collection, file, files, misfits } = opened;
  const { migration, rules } = file.header;
  if (migration !== shape.migration || rules !== shape.rules) {
    if (collection.count > 0) throw misfit(id, shape, migration);
    await files.replace(file, headerOf(shape), none());
    return true;
  }
  const [first] = misfits;
  if (!first) return false;
  throw new CollectionError(
    'unfit',
    `${misfits.size} documents of ${textOf(id)} do not fit its indexes, which need a migration; the first is ` +
      `${first[0]}: ${first[1]}`,
  );
}

function misfit(id: CollectionId, shape: CollectionShape, done: number): CollectionError {
  const name = textOf(id);
  if (done < shape.migration)
    return new CollectionError(
      'outdated',
      `the documents of ${name} have been through ${done} of ${shape.migration} migrations`,
    );
  if (done > shape.migration)
    return new CollectionError(
      'unfit',
      `the documents of ${name} have been through ${done} migrations, but this version of the module knows only ` +
        `${shape.migration}: use the later version`,
    );
  return new CollectionError(
    'unfit',
    `the module declares other rules for ${name} than the documents follow (schema, encrypted or service), but no ` +
      'migration for them',
  );
}

async function* none(): AsyncGenerator<never> {}
