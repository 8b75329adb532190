/** A module's own documents: collections with a schema, indexes and unique keys. */
import type { Json } from '../kernel/json.js';
import type { Secret } from '../kernel/secret.js';
import type { ModuleType } from './module-view.js';
import type { ServiceKey } from './service.js';

/** A module's collection. */
export interface CollectionId {
  readonly module: { readonly type: ModuleType; readonly name: string };
  /** Matches `COLLECTION_NAME`. */
  readonly name: string;
}

/** What a module declares about a collection. */
export interface CollectionShape {
  /** Matches `COLLECTION_NAME`. */
  readonly name: string;
  readonly indexes: Readonly<Record<string, IndexShape>>;
  /** Every document belongs to a service, and is deleted with it. */
  readonly service: boolean;
  /** Number of migrations that the module declares; the documents have been through all of them. */
  readonly migration: number;
  /** Identifies the rules that the documents follow. If they change, the module needs a migration. */
  readonly rules: string;
}

export interface IndexShape {
  /** Top-level fields, in the order in which they sort. */
  readonly fields: readonly string[];
  /** No two documents have the same values. Documents in which all fields are null or missing do not count. */
  readonly unique: boolean;
}

/**
 * One life of a service: `<panel>/<id>#<generation>`. An ID can be ordered again after its service was deleted. The new
 * service then never gets documents of the deleted one.
 */
export type ServiceLife = `${ServiceKey}#${number}`;

export function lifeOf(service: ServiceKey, generation: number): ServiceLife {
  return `${service}#${generation}`;
}

/** Undefined if the text is not a life of a service. */
export function partsOfLife(
  life: string,
): { readonly service: ServiceKey; readonly generation: number } | undefined {
  const [, panel, id, generation] = /^([^/#]+)\/([^/#]+)#(\d+)$/.exec(life) ?? [];
  if (panel === undefined || id === undefined) return undefined;
  return { service: `${panel}/${id}`, generation: Number(generation) };
}

export interface CollectionDocument {
  /** Matches `DOCUMENT_KEY`. */
  readonly key: string;
  /** 1 for a new document; increases with every change. */
  readonly version: number;
  /** Null in a collection whose documents do not belong to services. */
  readonly service: ServiceLife | null;
  /** RFC 3339 */
  readonly createdAt: string;
  /** RFC 3339 */
  readonly updatedAt: string;
  readonly data: CollectionData;
}

/** A field that the module declares as encrypted is a `Secret`. */
export type CollectionData = Readonly<Record<string, Json | Secret>>;

export interface NewDocument {
  readonly key: string;
  /** In a collection whose documents belong to services. */
  readonly service?: ServiceLife;
  readonly data: CollectionData;
}

/** Without `index` and `service`: all documents in the order of their keys. */
export interface PageQuery {
  readonly index?: string;
  /** Values of the first fields of the index, which must be equal. */
  readonly equals?: readonly Json[];
  /** Bounds of the field after those: `from` is included, `to` is not. */
  readonly from?: Json;
  readonly to?: Json;
  /** The documents of a service. Not together with `index`. */
  readonly service?: ServiceLife;
  readonly descending?: boolean;
  /** Default and most: `COLLECTION_LIMITS.page`. */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
  /** Only in the order of the keys: those after this one. */
  readonly afterKey?: string | undefined;
}

export interface Page {
  readonly documents: readonly CollectionDocument[];
  /** Null: there are no more. */
  readonly next: string | null;
}

/** A document as a migration returns it. */
export interface MigratedDocument {
  readonly key: string;
  readonly service: ServiceLife | null;
  readonly data: CollectionData;
}

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
  /** All documents of one page as JSON. A page has at least one document. */
  pageBytes: 256 * 1024,
  /** Characters of a text that an index contains. */
  indexedText: 200,
} as const;
