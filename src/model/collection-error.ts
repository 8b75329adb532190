/** Why a call to a collection was refused. Nothing was changed. */
export type CollectionRefusal =
  /** A document with this key exists already. */
  | 'exists'
  /** There is no document with this key. */
  | 'missing'
  /** The document's version is not the expected one. */
  | 'stale'
  /** Another document has the same values in a unique index. */
  | 'not_unique'
  /** A value cannot be indexed. */
  | 'not_indexable'
  /** The key, service or cursor is not valid, or a document is too large. */
  | 'invalid'
  /** The collection is full. */
  | 'full'
  /** A migration of the collection has not ended. */
  | 'migrating'
  /** The documents have not been through all migrations that the module declares. */
  | 'outdated'
  /** The module no longer fits the documents, and declares no migration for them. */
  | 'unfit';

export class CollectionError extends Error {
  override readonly name = 'CollectionError';
  readonly refusal: CollectionRefusal;

  constructor(refusal: CollectionRefusal, message: string) {
    super(message);
    this.refusal = refusal;
  }
}
