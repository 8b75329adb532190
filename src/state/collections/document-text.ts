/** A document of a collection as the JSON in its file. */
import { Secret } from '../../kernel/secret.js';
import type { CollectionDocument, ServiceLife } from '../../model/collection.js';
import type { SecretBox } from '../keys/secret-box.js';
import { opened, sealed } from '../keys/secret-codec.js';

/** Converts documents; `id` is the collection's: secrets are bound to it and to the document's key. */
export class DocumentTexts {
  readonly #id: string;
  readonly #box: SecretBox;

  constructor(id: string, box: SecretBox) {
    this.#id = id;
    this.#box = box;
  }

  write(document: CollectionDocument): string {
    return JSON.stringify(sealed(document, (secret) => this.#box.seal(this.#nameOf(document.key), secret)));
  }

  /** Throws an Error when a secret cannot be decrypted. */
  read(text: string): CollectionDocument {
    const value: unknown = JSON.parse(text);
    const shell = shellOf(value);
    if (!shell || shell === 'deleted') throw new Error('the line is not a document');
    return opened(value, (boxed) => this.#box.open(this.#nameOf(shell.key), boxed)) as CollectionDocument;
  }

  #nameOf(key: string): string {
    return secretNameOf(this.#id, key);
  }
}

/** The name that the secrets of a document are bound to. */
export function secretNameOf(id: string, key: string): string {
  return `collection ${id}:${key}`;
}

/** What an index needs of a line: secrets are not decrypted, and are left out of `data`. */
export interface Shell {
  readonly key: string;
  readonly version: number;
  readonly service: ServiceLife | null;
  readonly createdAt: string;
  readonly data: CollectionDocument['data'];
}

/** `deleted`: the line deletes a document, see `keyOf`. Undefined: it is not a line of ours. */
export function shellOf(value: unknown): Shell | 'deleted' | undefined {
  if (!isObject(value) || typeof value['key'] !== 'string') return undefined;
  if (value['deleted'] === true) return 'deleted';
  const { version, data } = value;
  if (typeof version !== 'number' || !isObject(data)) return undefined;
  return value as unknown as Shell;
}

export function keyOf(value: unknown): string | undefined {
  return isObject(value) && typeof value['key'] === 'string' ? value['key'] : undefined;
}

export const deletedText = (key: string): string => JSON.stringify({ key, deleted: true });

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Secret);
}
