/** Pages through a collection in the order of its keys, of an index, or of a service's documents. */
import type { Json } from '../../kernel/json.js';
import { COLLECTION_LIMITS, type CollectionShape, type PageQuery } from '../../model/collection.js';
import { CollectionError } from '../../model/collection-error.js';
import type { CollectionIndex } from './collection-index.js';
import { NotIndexableError, prefixText } from './index-order.js';
import type { SortedList } from './sorted-list.js';

/** Throws CollectionError `invalid`. */
export function pageOf(
  index: CollectionIndex,
  shape: CollectionShape,
  query: PageQuery,
): { readonly keys: readonly string[]; readonly next: string | null } {
  const limit = Math.max(1, Math.min(query.limit ?? COLLECTION_LIMITS.page, COLLECTION_LIMITS.page));
  const { list, prefix, from, to } = rangeOf(index, shape, query);
  const descending = query.descending ?? false;
  const after = query.after === undefined ? undefined : decoded(query.after, prefix);
  const start = after === undefined || descending ? from : `${after}\u0000`;
  const end = after === undefined || !descending ? to : after;
  const shown: string[] = [];
  let bytes = 0;
  let hasMore = false;
  for (const text of list.range(start > from ? start : from, end, descending)) {
    bytes += index.get(keyIn(text))?.bytes ?? 0;
    hasMore = shown.length >= limit || (shown.length > 0 && bytes > COLLECTION_LIMITS.pageBytes);
    if (hasMore) break;
    shown.push(text);
  }
  const last = shown.at(-1);
  return {
    keys: shown.map(keyIn),
    next: hasMore && last !== undefined ? Buffer.from(last).toString('base64url') : null,
  };
}

interface Range {
  readonly list: SortedList;
  readonly prefix: string;
  readonly from: string;
  readonly to: string | undefined;
}

function rangeOf(index: CollectionIndex, shape: CollectionShape, query: PageQuery): Range {
  if (query.service !== undefined) {
    const prefix = `${query.service}\u0000`;
    return { list: index.services, prefix, from: prefix, to: `${prefix}\uffff` };
  }
  if (query.index === undefined) {
    const from = query.afterKey === undefined ? '' : `${query.afterKey}\u0000`;
    return { list: index.keys, prefix: '', from, to: undefined };
  }
  const list = index.list(query.index);
  const fields = shape.indexes[query.index]?.fields;
  if (!list || !fields) throw new CollectionError('invalid', `there is no index ${query.index}`);
  const { equals = [], from, to } = query;
  if (equals.length + Number(from !== undefined || to !== undefined) > fields.length)
    throw new CollectionError('invalid', `the index ${query.index} has only ${fields.length} fields`);
  const textOf = (values: readonly Json[]): string => {
    try {
      return prefixText(fields, values);
    } catch (error) {
      if (error instanceof NotIndexableError) throw new CollectionError('not_indexable', error.message);
      throw error;
    }
  };
  const prefix = textOf(equals);
  return {
    list,
    prefix,
    from: from === undefined ? prefix : textOf([...equals, from]),
    to: to === undefined ? `${prefix}\uffff` : textOf([...equals, to]),
  };
}

function decoded(cursor: string, prefix: string): string {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  if (!text.startsWith(prefix)) throw new CollectionError('invalid', 'the cursor belongs to another query');
  return text;
}

function keyIn(text: string): string {
  return text.slice(text.lastIndexOf('\u0000') + 1);
}
