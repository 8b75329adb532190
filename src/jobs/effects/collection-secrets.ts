/** References to encrypted fields of a module's documents: `collection/<collection>/<field>/<key>`. */
import type { Json } from '../../kernel/json.js';
import { Secret } from '../../kernel/secret.js';
import { type CollectionDocument, partsOfLife, type ServiceLife } from '../../model/collection.js';
import type { ServiceId, StoredDocument } from '../../modules/kit/collection-types.js';
import type { SecretRef } from '../../modules/kit/host-call-types.js';
import { unusable } from '../engine/bounded-call.js';
import type { CallingModule, CollectionAccess } from './collection-access.js';
import { usingCollection } from './collection-use.js';

const REF = /^collection\/([^/]+)\/([^/]+)\/([^/]+)$/;

export function fieldRef(collection: string, field: string, key: string): SecretRef {
  return { secret: `collection/${collection}/${encodeURIComponent(field)}/${key}` };
}

export function isFieldRef({ secret }: SecretRef): boolean {
  return REF.test(secret);
}

/** The present value of the field. Throws `module_failed` if it does not exist in a collection of this module. */
export async function secretOfField(
  collections: CollectionAccess,
  module: CallingModule,
  { secret }: SecretRef,
): Promise<Secret> {
  const [, name = '', field = '', key = ''] = REF.exec(secret) ?? [];
  const at = { name, migration: null };
  const document = await usingCollection({ collections, module }, at, (collection) => collection.get(key));
  // the field is encoded like in `fieldRef`, because its name may contain a slash
  const [, value] =
    Object.entries(document?.data ?? {}).find(([one]) => encodeURIComponent(one) === field) ?? [];
  if (value instanceof Secret) return value;
  throw unusable(`there is no secret ${secret}`);
}

/** The document with references in place of the secrets. */
export function shownDocument(name: string, document: CollectionDocument): StoredDocument {
  const { key, version, service, createdAt, updatedAt, data } = document;
  return {
    ...{ key, version, createdAt, updatedAt },
    service: service && serviceOf(service),
    data: Object.fromEntries(
      Object.entries(data).map(([field, value]): [string, Json] => [
        field,
        value instanceof Secret ? { ...fieldRef(name, field, key) } : value,
      ]),
    ),
  };
}

function serviceOf(life: ServiceLife): ServiceId {
  const [panel = '', id = ''] = partsOfLife(life)?.service.split('/') ?? [];
  return { panel, id };
}
