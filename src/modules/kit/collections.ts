/**
 * The functions with which a step reads and writes the documents of its module. They check documents with the module's
 * schemas. This happens in the module's thread, because a schema can contain an expression that never ends. The file is
 * loaded only for modules that declare collections.
 */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { AgentError } from '../../kernel/errors.js';
import type { Json } from '../../kernel/json.js';
import { migrationsOf } from './collection-migrations.js';
import type {
  CollectionDeclaration,
  CollectionRef,
  Collections,
  NewStoredDocument,
  ServiceId,
  StoredData,
  StoredQuery,
} from './collection-types.js';
import type { HostFunctions } from './host-calls.js';
import type { Module } from './module.js';
import { withDefaults } from './schema-defaults.js';

/** Throws `module_failed` if the data does not fit the schema. Fills in defaults. */
type Check = (data: StoredData) => StoredData;

const REFERENCE = {
  type: 'object',
  properties: { secret: { type: 'string' } },
  required: ['secret'],
  additionalProperties: false,
};

export function collectionsOf({
  collections = {},
  migrations = [],
}: Pick<Module, 'collections' | 'migrations'>): (calls: HostFunctions['collections']) => Collections {
  const checks = new Map<string, Check>();
  const at = (name: string): CollectionRef => {
    if (!Object.hasOwn(collections, name)) throw mistake(`the module declares no collection ${name}`);
    return { name, migration: migrationsOf(migrations, name).length };
  };
  const checked = (name: string, data: StoredData): StoredData => {
    const declared = collections[name];
    const check = checks.get(name) ?? (declared && checkOf(name, declared));
    if (!check) throw mistake(`the module declares no collection ${name}`);
    checks.set(name, check);
    return check(data);
  };
  const asNew = (name: string, { service, ...document }: NewStoredDocument): NewStoredDocument => ({
    ...document,
    ...(service ? { service: idOf(service) } : {}),
    data: checked(name, document.data),
  });
  const asQuery = ({ service, ...query }: StoredQuery): StoredQuery => ({
    ...query,
    ...(service ? { service: idOf(service) } : {}),
  });
  return (calls) => ({
    create: async (name, document) => calls.create(at(name), asNew(name, document)),
    insertMany: async (name, documents) =>
      calls.insertMany(
        at(name),
        documents.map((document) => asNew(name, document)),
      ),
    get: async (name, key) => calls.get(at(name), key),
    async find(name, index, values) {
      const { documents } = await calls.page(at(name), { index, equals: values, limit: 1 });
      return documents[0] ?? null;
    },
    page: async (name, query = {}) => calls.page(at(name), asQuery(query)),
    update: async (name, key, data, version) => calls.update(at(name), key, checked(name, data), version),
    delete: async (name, key, version) => calls.delete(at(name), key, version),
    async *each(name, query = {}) {
      let asked = asQuery(query);
      for (;;) {
        const { documents, next } = await calls.page(at(name), asked);
        yield* documents;
        if (next === null) return;
        asked = { ...asked, after: next };
      }
    },
  });
}

/** Also used for the documents that a migration returns. */
export function checkOf(name: string, { schema, encrypted = [] }: CollectionDeclaration): Check {
  const allowed = withReferences(schema, encrypted);
  const compiled = Compile(allowed as TSchema);
  return (data) => {
    const filled = withDefaults(schema, data as Json) as StoredData;
    if (compiled.Check(filled)) return filled;
    const [wrong] = compiled.Errors(filled);
    const place = wrong?.instancePath.replaceAll('/', '.') ?? '';
    throw mistake(
      `a document of ${name} does not fit its schema: data${place} ${wrong?.message ?? 'is invalid'}`,
    );
  };
}

/** The schema with a reference allowed in place of each encrypted field. */
function withReferences(schema: object, encrypted: readonly string[]): object {
  const properties = { ...(Reflect.get(schema, 'properties') as Readonly<Record<string, unknown>>) };
  for (const field of encrypted) properties[field] = { anyOf: [properties[field], REFERENCE] };
  return { ...schema, properties };
}

function idOf({ panel, id }: ServiceId): ServiceId {
  return { panel, id };
}

function mistake(detail: string): AgentError {
  return new AgentError('module_failed', 'The module of the product made an invalid call.', {
    retryable: false,
    detail,
  });
}
