/** Reads a collection's file into memory. */
import type { CollectionShape } from '../../model/collection.js';
import { CollectionError } from '../../model/collection-error.js';
import type { Line } from './collection-lines.js';
import type { CollectionIndex, Known } from './collection-index.js';
import { keyOf, type Shell, shellOf } from './document-text.js';
import { indexText, isEmpty, NotIndexableError } from './index-order.js';

/** What memory keeps of a document. Throws CollectionError `not_indexable`. */
export function knownOf(
  { indexes }: CollectionShape,
  { version, service, createdAt, data }: Shell,
  bytes: number,
): Omit<Known, 'place'> {
  const all = Object.values(indexes);
  try {
    return {
      ...{ version, service, createdAt, bytes },
      texts: all.map(({ fields }) => indexText(fields, data)),
      free: all.map(({ fields, unique }) => !unique || isEmpty(fields, data)),
    };
  } catch (error) {
    if (error instanceof NotIndexableError) throw new CollectionError('not_indexable', error.message);
    throw error;
  }
}

/** Why documents do not fit the indexes that the module declares now, by their keys. */
export type Misfits = Map<string, string>;

/**
 * Applies changes that were read from a file. A document that does not fit the declared indexes is found by its key
 * only, and is listed in `misfits`.
 */
export function apply(
  index: CollectionIndex,
  shape: CollectionShape,
  lines: readonly Line[],
  misfits: Misfits,
): void {
  for (const { value, place } of lines) {
    const key = keyOf(value);
    const shell = shellOf(value);
    if (key === undefined || shell === undefined) continue;
    misfits.delete(key);
    if (shell === 'deleted') {
      index.put(key, undefined);
      continue;
    }
    const { known, problem } = fitted(shape, shell, place.length);
    const holder = problem === undefined ? holderOf(index, known, key) : undefined;
    const found = holder === undefined ? problem : `the document ${holder} has the same values`;
    if (found !== undefined) misfits.set(key, found);
    index.put(key, { ...known, place });
  }
}

function fitted(
  shape: CollectionShape,
  shell: Shell,
  bytes: number,
): { readonly known: Omit<Known, 'place'>; readonly problem?: string } {
  try {
    return { known: knownOf(shape, shell, bytes) };
  } catch (error) {
    if (!(error instanceof CollectionError)) throw error;
    const bare = { ...shell, data: {} };
    return { known: knownOf(shape, bare, bytes), problem: error.message };
  }
}

function holderOf(index: CollectionIndex, known: Omit<Known, 'place'>, key: string): string | undefined {
  for (const [at, free] of known.free.entries()) {
    const holder = free ? undefined : index.holder(at, known.texts[at] ?? '');
    if (holder !== undefined && holder !== key) return holder;
  }
  return undefined;
}
