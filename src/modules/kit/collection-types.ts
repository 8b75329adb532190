/** Collections of a module's own documents: their declaration, and what steps read and write. */
import type { Json, JsonObject } from '../../kernel/json.js';
import type { SecretRef } from './host-call-types.js';
import type { Schema } from './schema.js';

/**
 * Declares a collection. The name consists of up to 40 lower-case letters, digits and `_`, and begins with a letter.
 *
 * @example
 * collections = {
 *   checks: {
 *     schema: Type.Object({ host: Type.String(), dueAt: Type.String(), token: Type.Optional(Type.String()) }),
 *     indexes: { due: ['dueAt'] },
 *     unique: { host: ['host'] },
 *     encrypted: ['token'],
 *     service: true,
 *   },
 * };
 */
export interface CollectionDeclaration {
  /** JSON Schema of an object with `properties`. Defaults are filled in. */
  readonly schema: Schema;
  /** Maps the name of an index to the fields that it sorts by. */
  readonly indexes?: Readonly<Record<string, readonly string[]>>;
  /** Like `indexes`. No two documents have the same values, unless all of them are null or missing. */
  readonly unique?: Readonly<Record<string, readonly string[]>>;
  /** Text fields that are stored encrypted. Steps read a reference instead of the value. */
  readonly encrypted?: readonly string[];
  /** Every document belongs to a service, and is deleted with it. Default: false. */
  readonly service?: boolean;
}

/**
 * Changes the documents that earlier versions of the module have stored. Migrations run in the order of the list, on a
 * copy of the documents. Never remove one from the list, and never change one that was released.
 */
export interface CollectionMigration {
  /** Version of the module whose documents it changes. */
  readonly from: string;
  /** Version of the module that needs the changed documents. */
  readonly to: string;
  /** Collections whose documents it changes. Default: all. */
  readonly collections?: readonly string[];
  /**
   * Returns the new data of a document, or null to delete the document. It may run more than once for a document, each
   * time with the same data, and must have no other effects.
   */
  readonly run: (
    document: StoredDocument,
    collection: string,
  ) => StoredData | null | Promise<StoredData | null>;
}

/** Encrypted fields are references when they are read. They may be written as a text or as a reference. */
export type StoredData = Readonly<Record<string, Json | SecretRef>>;

/** Identifies a service. A step can pass `ctx.service`. */
export interface ServiceId {
  readonly panel: string;
  readonly id: string;
}

export interface StoredDocument {
  readonly key: string;
  /** 1 for a new document; increases with every change. */
  readonly version: number;
  /** Null unless the collection is declared with `service: true`. */
  readonly service: ServiceId | null;
  /** RFC 3339 */
  readonly createdAt: string;
  /** RFC 3339 */
  readonly updatedAt: string;
  readonly data: JsonObject;
}

export interface NewStoredDocument {
  /** 1 to 128 letters, digits and `. _ : @ -`, beginning with a letter or digit. Default: a UUID that sorts by time. */
  readonly key?: string;
  /** In a collection with `service: true`; default: the service of the job. */
  readonly service?: ServiceId;
  readonly data: StoredData;
}

/** Without `index` and `service`, documents come in the order of their keys. */
export interface StoredQuery {
  readonly index?: string;
  /** Values of the first fields of the index. */
  readonly equals?: readonly Json[];
  /** Bounds of the field after those: `from` is included, `to` is not. */
  readonly from?: Json;
  readonly to?: Json;
  /** The documents of a service. Not together with `index`. */
  readonly service?: ServiceId;
  readonly descending?: boolean;
  /** 1 to 200, which is the default. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
}

export interface StoredPage {
  /** At most `limit` documents and 256 KiB. */
  readonly documents: readonly StoredDocument[];
  /** Null when there are no more documents. */
  readonly next: string | null;
}

/** Names a collection in a call. */
export interface CollectionRef {
  readonly name: string;
  /** Number of migrations of the collection that the calling code knows. Null: the code does not depend on it. */
  readonly migration: number | null;
}

/**
 * The module's collections. Changes are durable when the promise resolves. Every function throws `module_failed` for
 * data that does not fit the schema or the limits.
 */
export interface Collections {
  /** Throws `document_conflict` if the key or a unique value exists. */
  create(collection: string, document: NewStoredDocument): Promise<StoredDocument>;
  /** Inserts up to 1000 documents with 512 KiB, all of them or none. Throws `document_conflict`. */
  insertMany(collection: string, documents: readonly NewStoredDocument[]): Promise<void>;
  /** Null if there is no document with this key. */
  get(collection: string, key: string): Promise<StoredDocument | null>;
  /** The first document in the order of the index whose fields have these values. Null if there is none. */
  find(collection: string, index: string, values: readonly Json[]): Promise<StoredDocument | null>;
  page(collection: string, query?: StoredQuery): Promise<StoredPage>;
  /**
   * Replaces the data of a document. `version` is the version that was read. Throws `document_conflict` if the document
   * has another version now, or was deleted.
   */
  update(collection: string, key: string, data: StoredData, version: number): Promise<StoredDocument>;
  /** Resolves to false if there was no such document. With `version`, throws `document_conflict` for another one. */
  delete(collection: string, key: string, version?: number): Promise<boolean>;
  /** All documents of the query, read a page at a time. Documents that are created meanwhile may be left out. */
  each(collection: string, query?: StoredQuery): AsyncIterable<StoredDocument>;
}
