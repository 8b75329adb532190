/** A module's own documents: collections with a schema, indexes and unique keys. */
import type { Json } from '../kernel/json.js';
import type { Secret } from '../kernel/secret.js';
import type { ServiceKey } from './service.js';

/** What a module declares about a collection. */
export interface CollectionShape {
  /** Matches `COLLECTION_NAME`. */
  readonly name: string;
  readonly indexes: Readonly<Record<string, IndexShape>>;
  /** Every document belongs to a service, and is deleted with it. */
  readonly service: boolean;
  /** Number of migrations that the module declares; the documents have been through all of them. */
  readonly migration: number;
}

export interface IndexShape {
  /** Top-level fields, in the order in which they sort. */
  readonly fields: readonly string[];
  /** No two documents have the same values. Documents in which all fields are null or missing do not count. */
  readonly unique: boolean;
}

export interface CollectionDocument {
  /** Matches `DOCUMENT_KEY`. */
  readonly key: string;
  /** 1 for a new document; increases with every change. */
  readonly version: number;
  /** Null in a collection whose documents do not belong to services. */
  readonly service: ServiceKey | null;
  /** RFC 3339 */
  readonly createdAt: string;
  /** RFC 3339 */
  readonly updatedAt: string;
  readonly data: CollectionData;
}

/** A field that the module declares as encrypted is a `Secret`. */
export type CollectionData = Readonly<Record<string, Json | Secret>>;

export const COLLECTION_NAME = /^[a-z][a-z0-9_]{0,39}$/;
export const DOCUMENT_KEY = /^[A-Za-z0-9][A-Za-z0-9._:@-]{0,127}$/;

/** Bounds of one collection. */
export const COLLECTION_LIMITS = {
  documents: 100_000,
  /** One document as JSON. */
  documentBytes: 64 * 1024,
  /** Documents of one insertion. */
  atOnce: 1000,
  /** All documents that exist, as JSON. */
  bytes: 256 * 1024 ** 2,
  /** Documents of one page. */
  page: 200,
  /** Characters of a text that an index contains. */
  indexedText: 200,
} as const;
