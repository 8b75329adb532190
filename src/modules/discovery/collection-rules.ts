/** The rules for what a module declares about its collections. */
import { Type } from 'typebox';
import type { JsonObject } from '../../kernel/json.js';
import type { DeclaredCollection, Declarations } from '../kit/declarations.js';
import { compareVersions, VERSION_PATTERN } from './module-version.js';

const closed = { additionalProperties: false } as const;
const MOST_COLLECTIONS = 32;
const MOST_INDEXES = 8;
const MOST_FIELDS = 4;
const NAME = '^[a-z][a-z0-9_]{0,39}$';

const Field = Type.String({ minLength: 1, maxLength: 64 });
const Indexes = Type.Record(
  Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_]{0,39}$' }),
  Type.Array(Field, { minItems: 1, maxItems: MOST_FIELDS, uniqueItems: true }),
  { ...closed, maxProperties: MOST_INDEXES },
);
const Version = Type.String({ pattern: VERSION_PATTERN, maxLength: 100 });

export const CollectionsSchema = Type.Record(
  Type.String({ pattern: NAME }),
  Type.Object(
    {
      schema: Type.Unsafe<JsonObject>({ type: 'object' }),
      indexes: Indexes,
      unique: Indexes,
      encrypted: Type.Array(Field, { maxItems: 32, uniqueItems: true }),
      service: Type.Boolean(),
    },
    closed,
  ),
  { ...closed, maxProperties: MOST_COLLECTIONS },
);

export const MigrationsSchema = Type.Array(
  Type.Object(
    {
      from: Version,
      to: Version,
      collections: Type.Union([
        Type.Array(Type.String({ pattern: NAME }), {
          minItems: 1,
          maxItems: MOST_COLLECTIONS,
          uniqueItems: true,
        }),
        Type.Null(),
      ]),
    },
    closed,
  ),
  { maxItems: 1000 },
);

type Declared = Pick<Declarations, 'info' | 'collections' | 'migrations'>;

/** What is wrong, beginning with the place in the declarations; undefined if nothing is. */
export function problemOfCollections({ info, collections, migrations }: Declared): string | undefined {
  for (const [name, collection] of Object.entries(collections)) {
    const problem = problemOfOne(collection);
    if (problem !== undefined) return `collections.${name} ${problem}`;
  }
  let before: string | undefined;
  for (const [index, { from, to, collections: names }] of migrations.entries()) {
    const at = `migrations.${index}`;
    if (compareVersions(from, to) >= 0) return `${at} does not lead to a later version: ${from} to ${to}`;
    if (before !== undefined && compareVersions(from, before) < 0)
      return `${at} begins at ${from}, but the migration before it ends at ${before}: sort them from oldest to newest`;
    if (compareVersions(to, info.version) > 0)
      return `${at} leads to ${to}, but the module's version is ${info.version}`;
    const unknown = names?.find((name) => !Object.hasOwn(collections, name));
    if (unknown !== undefined) return `${at} names the collection ${unknown}, which is not declared`;
    before = to;
  }
  return undefined;
}

function problemOfOne({ schema, indexes, unique, encrypted }: DeclaredCollection): string | undefined {
  const properties = fieldsOf(schema);
  if (schema['type'] !== 'object' || !properties) return 'has a schema that is not an object with properties';
  const twice = Object.keys(indexes).find((name) => Object.hasOwn(unique, name));
  if (twice !== undefined) return `has two indexes with the name ${twice}`;
  for (const [name, fields] of [...Object.entries(indexes), ...Object.entries(unique)])
    for (const field of fields) {
      if (!Object.hasOwn(properties, field))
        return `has the index ${name} with the field ${field}, which its schema does not have`;
      if (encrypted.includes(field)) return `has the index ${name} with the encrypted field ${field}`;
    }
  const absent = encrypted.find((field) => !Object.hasOwn(properties, field));
  if (absent !== undefined) return `encrypts the field ${absent}, which its schema does not have`;
  const other = encrypted.find((field) => fieldsOf(properties, field)?.['type'] !== 'string');
  return other === undefined ? undefined : `encrypts the field ${other}, which is not a string`;
}

function fieldsOf(
  schema: Readonly<Record<string, unknown>>,
  name = 'properties',
): Readonly<Record<string, unknown>> | undefined {
  const found = schema[name];
  return typeof found === 'object' && found !== null && !Array.isArray(found)
    ? (found as Readonly<Record<string, unknown>>)
    : undefined;
}
