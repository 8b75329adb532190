/** Collections in memory, with the rules about keys, versions and unique values that the agent applies. */
import { isDeepStrictEqual } from 'node:util';
import { AgentError } from '../../../kernel/errors.js';
import type { Json, JsonObject } from '../../../kernel/json.js';
import type {
  CollectionDeclaration,
  CollectionRef,
  NewStoredDocument,
  ServiceId,
  StoredData,
  StoredDocument,
  StoredQuery,
} from '../../kit/collection-types.js';
import type { AnswerTable } from './answer-types.js';

export interface FakeCollections {
  readonly calls: Pick<AnswerTable, Extract<keyof AnswerTable, `collections.${string}`>>;
  /** The collections of the module under test, and the service that its documents belong to. */
  declare(collections: Readonly<Record<string, CollectionDeclaration>>, service: ServiceId): void;
  /** All documents, as `<collection>/<key>`. */
  documents(): ReadonlyMap<string, StoredDocument>;
}

const PAGE = 200;

/** `seal` stores the text of an encrypted field as a secret with this name. */
export function fakeCollections(seal: (name: string, value: string) => void): FakeCollections {
  const documents = new Map<string, StoredDocument>();
  let declared: Readonly<Record<string, CollectionDeclaration>> = {};
  let owner: ServiceId = { panel: 'default', id: '12' };
  let made = 0;

  const sealed = (name: string, key: string, data: StoredData): JsonObject => {
    const encrypted = declared[name]?.encrypted ?? [];
    const fields = Object.entries(data).map(([field, value]): [string, Json] => {
      if (!encrypted.includes(field) || typeof value !== 'string') return [field, value as Json];
      const secret = `collection.${name}.${key}.${field}`;
      seal(secret, value);
      return [field, { secret }];
    });
    return Object.fromEntries(fields);
  };
  const refuseTwin = (name: string, at: string, data: JsonObject): void => {
    for (const fields of Object.values(declared[name]?.unique ?? {})) {
      const values = valuesOf(data, fields);
      if (values.every((value) => value === null)) continue;
      for (const [other, { data: known }] of documents)
        if (
          other !== at &&
          other.startsWith(`${name}/`) &&
          isDeepStrictEqual(valuesOf(known, fields), values)
        )
          throw conflict(`another document has the same ${fields.join(', ')}`);
    }
  };
  const create = ({ name }: CollectionRef, { key, service, data }: NewStoredDocument): StoredDocument => {
    const chosen = key ?? `0000-${String(++made).padStart(6, '0')}`;
    const at = `${name}/${chosen}`;
    if (documents.has(at)) throw conflict(`there is a document ${chosen}`);
    const kept = sealed(name, chosen, data);
    refuseTwin(name, at, kept);
    const now = new Date().toISOString();
    const document: StoredDocument = {
      ...{ key: chosen, version: 1, createdAt: now, updatedAt: now, data: kept },
      service: declared[name]?.service === true ? (service ?? owner) : null,
    };
    documents.set(at, document);
    return document;
  };
  return {
    declare(collections, service) {
      declared = collections;
      owner = service;
    },
    documents: () => documents,
    calls: {
      'collections.create': create,
      'collections.insertMany'(at, many) {
        const before = new Map(documents);
        try {
          for (const one of many) create(at, one);
        } catch (error) {
          documents.clear();
          for (const [key, one] of before) documents.set(key, one);
          throw error;
        }
      },
      'collections.get': ({ name }, key) => documents.get(`${name}/${key}`) ?? null,
      'collections.page': ({ name }, query) => {
        const fields = indexFields(declared[name], query);
        const all = [...documents].filter(([at]) => at.startsWith(`${name}/`)).map(([, one]) => one);
        const found = all.filter((one) => matches(one, query, fields)).sort(inOrderOf(fields));
        if (query.descending === true) found.reverse();
        const from = Number(query.after ?? 0);
        const to = from + (query.limit ?? PAGE);
        return { documents: found.slice(from, to), next: to < found.length ? String(to) : null };
      },
      'collections.update'({ name }, key, data, version) {
        const at = `${name}/${key}`;
        const known = documents.get(at);
        if (known?.version !== version) throw conflict(`the document ${key} was changed or deleted`);
        const kept = sealed(name, key, data);
        refuseTwin(name, at, kept);
        const changed = { ...known, version: version + 1, updatedAt: new Date().toISOString(), data: kept };
        documents.set(at, changed);
        return changed;
      },
      'collections.delete'({ name }, key, version) {
        const known = documents.get(`${name}/${key}`);
        if (known && version !== undefined && known.version !== version)
          throw conflict(`the document ${key} was changed`);
        return documents.delete(`${name}/${key}`);
      },
    },
  };
}

const valuesOf = (data: JsonObject, fields: readonly string[]): Json[] =>
  fields.map((field) => data[field] ?? null);

function indexFields(declared: CollectionDeclaration | undefined, { index }: StoredQuery): readonly string[] {
  if (index === undefined) return [];
  const fields = declared?.indexes?.[index] ?? declared?.unique?.[index];
  if (fields) return fields;
  throw new AgentError('module_failed', 'The module of the product made an invalid call.', {
    retryable: false,
    detail: `the collection has no index "${index}"`,
  });
}

function matches(
  { service, data }: StoredDocument,
  { equals = [], from, to, service: wanted }: StoredQuery,
  fields: readonly string[],
): boolean {
  if (wanted && (service?.panel !== wanted.panel || service.id !== wanted.id)) return false;
  const values = valuesOf(data, fields);
  if (!isDeepStrictEqual(values.slice(0, equals.length), [...equals])) return false;
  const next = values[equals.length] ?? null;
  return (from === undefined || compare(next, from) >= 0) && (to === undefined || compare(next, to) < 0);
}

const inOrderOf =
  (fields: readonly string[]) =>
  (a: StoredDocument, b: StoredDocument): number => {
    for (const field of fields) {
      const order = compare(a.data[field] ?? null, b.data[field] ?? null);
      if (order !== 0) return order;
    }
    return compare(a.key, b.key);
  };

function compare(a: Json, b: Json): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [one, other] = [JSON.stringify(a), JSON.stringify(b)];
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function conflict(detail: string): AgentError {
  return new AgentError('document_conflict', 'The record was changed by something else.', { detail });
}
