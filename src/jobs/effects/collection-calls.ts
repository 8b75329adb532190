/** Carries out the calls of a module to its own collections. */
import { v7 as uuidv7 } from 'uuid';
import type { Json } from '../../kernel/json.js';
import { Secret } from '../../kernel/secret.js';
import {
  type CollectionData,
  lifeOf,
  type NewDocument,
  type PageQuery,
  type ServiceLife,
} from '../../model/collection.js';
import { isHeld, keyOf, type Service } from '../../model/service.js';
import type {
  CollectionRef,
  NewStoredDocument,
  ServiceId,
  StoredData,
  StoredDocument,
  StoredPage,
  StoredQuery,
} from '../../modules/kit/collection-types.js';
import type { DeclaredCollection } from '../../modules/kit/declarations.js';
import type { SecretRef } from '../../modules/kit/host-call-types.js';
import type { ServiceStore } from '../../state/contract.js';
import { unusable } from '../engine/bounded-call.js';
import type { CallingModule, CollectionAccess } from './collection-access.js';
import { usingCollection } from './collection-use.js';
import { shownDocument } from './collection-secrets.js';

/** The code that makes the calls. */
export interface CollectionCaller {
  readonly module: CallingModule;
  /** The service of the job; null if the job does not work on a service. */
  readonly service: Pick<Service, 'panel' | 'id' | 'generation'> | null;
  readonly services: Pick<ServiceStore, 'find'>;
  readonly collections: CollectionAccess;
  /** The value of a reference that the module may use. Throws `module_failed`. */
  readonly secretOf: (ref: SecretRef) => Promise<Secret>;
}

export async function create(
  caller: CollectionCaller,
  at: CollectionRef,
  document: NewStoredDocument,
): Promise<StoredDocument> {
  const declared = caller.collections.declared(caller.module, at);
  const wanted = await newDocument(caller, declared, document);
  return usingCollection(caller, at, async (collection) => {
    const [made] = await collection.insert([wanted]);
    if (!made) throw new Error('the insertion returned no document');
    return shownDocument(at.name, made);
  });
}

export async function insertMany(
  caller: CollectionCaller,
  at: CollectionRef,
  documents: readonly NewStoredDocument[],
): Promise<void> {
  const declared = caller.collections.declared(caller.module, at);
  const wanted: NewDocument[] = [];
  for (const document of documents) wanted.push(await newDocument(caller, declared, document));
  await usingCollection(caller, at, (collection) => collection.insert(wanted));
}

export async function get(
  caller: CollectionCaller,
  at: CollectionRef,
  key: string,
): Promise<StoredDocument | null> {
  const found = await usingCollection(caller, at, (collection) => collection.get(key));
  return found ? shownDocument(at.name, found) : null;
}

export async function page(
  caller: CollectionCaller,
  at: CollectionRef,
  { service, ...query }: StoredQuery,
): Promise<StoredPage> {
  if (service && query.index !== undefined)
    throw unusable('a page can be sorted by an index or limited to a service, but not both');
  const found = await lifeNow(caller, service);
  // a service that no longer exists has no documents
  if (service && !found) return { documents: [], next: null };
  const asked: PageQuery = { ...query, ...(found ? { service: found.life } : {}) };
  const { documents, next } = await usingCollection(caller, at, (collection) => collection.page(asked));
  return { documents: documents.map((document) => shownDocument(at.name, document)), next };
}

export async function update(
  caller: CollectionCaller,
  at: CollectionRef,
  key: string,
  data: StoredData,
  version: number,
): Promise<StoredDocument> {
  const declared = caller.collections.declared(caller.module, at);
  const next = await storedData(caller, declared, data);
  return shownDocument(
    at.name,
    await usingCollection(caller, at, (collection) => collection.update(key, () => next, version)),
  );
}

export function remove(
  caller: CollectionCaller,
  at: CollectionRef,
  key: string,
  version?: number,
): Promise<boolean> {
  return usingCollection(caller, at, (collection) => collection.remove(key, version));
}

async function newDocument(
  caller: CollectionCaller,
  declared: DeclaredCollection,
  { key = uuidv7(), service, data }: NewStoredDocument,
): Promise<NewDocument> {
  const stored = await storedData(caller, declared, data);
  if (!declared.service) {
    if (service)
      throw unusable('a document names a service, but its collection is declared without `service`');
    return { key, data: stored };
  }
  const owner = service ?? caller.service;
  if (!owner) throw unusable('a document of a collection with `service` must name its service');
  const found = await lifeNow(caller, owner);
  if (!found || (found.isOver && !isSame(caller.service, owner)))
    throw unusable(
      `the document names the service ${owner.panel}/${owner.id}, which is not a service of the module`,
    );
  return { key, service: found.life, data: stored };
}

function isSame(own: ServiceId | null, other: ServiceId): boolean {
  return own?.panel === other.panel && own.id === other.id;
}

/** The present life of a service of the calling module. */
async function lifeNow(
  { services, module }: CollectionCaller,
  service: ServiceId | undefined,
): Promise<{ readonly life: ServiceLife; readonly isOver: boolean } | undefined> {
  const found = service && (await services.find(keyOf(service)));
  if (!found || found.module.type !== module.type || found.module.name !== module.name) return undefined;
  return {
    life: lifeOf(keyOf(found), found.generation),
    isOver: found.lifecycle === 'terminated' && !isHeld(found),
  };
}

/** The data with secrets in place of the encrypted fields. */
async function storedData(
  { secretOf }: CollectionCaller,
  { encrypted }: DeclaredCollection,
  data: StoredData,
): Promise<CollectionData> {
  const stored: Record<string, Json | Secret | SecretRef> = { ...data };
  for (const field of encrypted) {
    const value = stored[field];
    if (value === undefined || value === null) continue;
    stored[field] = typeof value === 'string' ? new Secret(value) : await secretOf(asRef(field, value));
  }
  return stored as CollectionData;
}

function asRef(field: string, value: unknown): SecretRef {
  const secret: unknown =
    typeof value === 'object' && value !== null ? Reflect.get(value, 'secret') : undefined;
  if (typeof secret !== 'string')
    throw unusable(`the encrypted field ${field} must be a string or a reference to a secret`);
  return { secret };
}
