/** Runs a module's migrations over some documents. This code runs in a process of its own. */
import type { JsonObject } from '../../kernel/json.js';
import { plainJson } from '../../kernel/plain-json.js';
import { COLLECTION_LIMITS } from '../../model/collection.js';
import { migrationsOf } from '../kit/collection-migrations.js';
import type { CollectionMigration, StoredData, StoredDocument } from '../kit/collection-types.js';
import { checkOf } from '../kit/collections.js';
import type { Module } from '../kit/module.js';
import type { Chunk } from './migration-messages.js';

/** Throws an Error that names the document, and what is wrong. */
export async function migrateChunk(
  { collections = {}, migrations = [] }: Pick<Module, 'collections' | 'migrations'>,
  { collection, documents, done }: Chunk,
): Promise<(JsonObject | null)[]> {
  const declared = Object.hasOwn(collections, collection) ? collections[collection] : undefined;
  if (!declared) throw new Error(`the module declares no collection ${collection}`);
  const check = checkOf(collection, declared);
  const due = migrationsOf(migrations, collection).slice(done);
  const changed: (JsonObject | null)[] = [];
  for (const document of documents)
    try {
      const data = await migrated(due, document, collection);
      changed.push(data && asPlain(check(data)));
    } catch (error) {
      throw new Error(`the document ${document.key}: ${detailOf(error)}`, { cause: error });
    }
  return changed;
}

async function migrated(
  due: readonly CollectionMigration[],
  document: StoredDocument,
  collection: string,
): Promise<StoredData | null> {
  let data: StoredData = document.data;
  for (const { run } of due) {
    const next: unknown = await run({ ...document, data: asPlain(data) }, collection);
    if (next === null) return null;
    // module code may be plain JavaScript
    if (typeof next !== 'object') throw new Error('the migration returned neither an object nor null');
    data = asPlain(next);
  }
  return data;
}

function asPlain(data: unknown): JsonObject {
  return plainJson(data, 'data', { bytes: COLLECTION_LIMITS.documentBytes }) as JsonObject;
}

function detailOf(error: unknown): string {
  const detail: unknown = error instanceof Error ? Reflect.get(error, 'detail') : undefined;
  if (typeof detail === 'string') return detail;
  return error instanceof Error ? error.message : String(error);
}
