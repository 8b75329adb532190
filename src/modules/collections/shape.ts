/** What the agent stores and compares of a module's declaration of a collection. */
import { createHash } from 'node:crypto';
import type { CollectionShape, IndexShape } from '../../model/collection.js';
import { migrationsOf } from '../kit/collection-migrations.js';
import type { DeclaredCollection, Declarations } from '../kit/declarations.js';

/** Undefined if the module does not declare the collection. */
export function shapeOf(
  { collections, migrations }: Pick<Declarations, 'collections' | 'migrations'>,
  name: string,
): CollectionShape | undefined {
  const declared = Object.hasOwn(collections, name) ? collections[name] : undefined;
  return (
    declared && {
      name,
      indexes: { ...indexesOf(declared.indexes, false), ...indexesOf(declared.unique, true) },
      service: declared.service,
      migration: migrationsOf(migrations, name).length,
      rules: rulesOf(declared),
    }
  );
}

function indexesOf(
  indexes: DeclaredCollection['indexes'],
  unique: boolean,
): Readonly<Record<string, IndexShape>> {
  return Object.fromEntries(Object.entries(indexes).map(([name, fields]) => [name, { fields, unique }]));
}

/** Keywords of JSON Schema that do not decide whether a document fits. */
const WORDS: ReadonlySet<string> = new Set(['title', 'description', 'examples', '$comment']);

/** A digest of all that decides whether a document fits, regardless of the order in which it is written. */
function rulesOf({ schema, encrypted, service }: DeclaredCollection): string {
  const rules = { schema: sorted(schema), encrypted: [...encrypted].sort(), service };
  return createHash('sha256').update(JSON.stringify(rules)).digest('hex');
}

function sorted(value: unknown, isSchema = true): unknown {
  if (Array.isArray(value)) return value.map((item) => sorted(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !isSchema || !WORDS.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      // the keys of `properties` are names of fields and not keywords
      .map(([key, inner]) => [key, sorted(inner, key !== 'properties')]),
  );
}
