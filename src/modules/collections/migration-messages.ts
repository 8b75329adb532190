/** Messages between the daemon and the process that runs a module's migrations. */
import type { JsonObject } from '../../kernel/json.js';
import type { StoredDocument } from '../kit/collection-types.js';

export interface Chunk {
  readonly collection: string;
  readonly documents: readonly StoredDocument[];
  /** Number of the collection's migrations that the documents have been through. */
  readonly done: number;
}

export interface ToMigrator extends Chunk {
  readonly id: number;
  /** Path of `module.js`. */
  readonly path: string;
}

/** The new data of the documents, in their order. Null: the document is deleted. */
export type FromMigrator =
  | { readonly id: number; readonly data: readonly (JsonObject | null)[] }
  | { readonly id: number; readonly problem: string };
