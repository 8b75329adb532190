/**
 * Encrypts the secrets in documents. Each secret is bound to its document, so a value that is copied into another
 * document cannot be decrypted.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Secret } from '../../kernel/secret.js';

const FORM = /^v1:([0-9a-f]{16}):([A-Za-z0-9_-]{16}):([A-Za-z0-9_-]*):([A-Za-z0-9_-]{22})$/;

/**
 * Thrown when a sealed text was encrypted with a key that the agent does not have. In that case the key file is wrong,
 * and the document is not damaged.
 */
export class OtherKeyError extends Error {
  override readonly name = 'OtherKeyError';
}

/** The id that identifies this key in sealed texts. */
export function keyIdOf(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 16);
}

export class SecretBox {
  readonly #keys = new Map<string, Buffer>();
  #keyId = '';

  /** Keys have 32 bytes. The keys in `former` are used only for decryption. */
  constructor(key: Buffer, former: readonly Buffer[] = []) {
    for (const other of former) this.#keys.set(keyIdOf(other), checked(other));
    this.use(key);
  }

  /** Id of the key that is used for encryption. */
  get keyId(): string {
    return this.#keyId;
  }

  get key(): Buffer {
    return this.#current();
  }

  get formerIds(): string[] {
    return [...this.#keys.keys()].filter((id) => id !== this.#keyId);
  }

  /** Encrypts with this key from now on; the former keys still decrypt. */
  use(key: Buffer): void {
    this.#keyId = keyIdOf(checked(key));
    this.#keys.set(this.#keyId, key);
  }

  /** Drops the former keys. Texts that were sealed with them can no longer be decrypted. */
  dropFormer(): void {
    for (const id of this.formerIds) this.#keys.delete(id);
  }

  /** True for a document's text that contains a secret sealed with a former key. */
  holdsFormer(text: string): boolean {
    return this.formerIds.some((id) => text.includes(`"v1:${id}:`));
  }

  /** `v1:<key id>:<iv>:<ciphertext>:<tag>`, base64url. */
  seal(document: string, secret: Secret): string {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#current(), iv).setAAD(Buffer.from(document));
    const sealed = Buffer.concat([cipher.update(secret.reveal(), 'utf8'), cipher.final()]);
    const parts = [iv, sealed, cipher.getAuthTag()].map((part) => part.toString('base64url'));
    return ['v1', this.keyId, ...parts].join(':');
  }

  /**
   * Throws when the text was changed or belongs to another document, and OtherKeyError when it was sealed with
   * another key.
   */
  open(document: string, text: string): Secret {
    const [, keyId, iv, sealed, tag] = FORM.exec(text) ?? [];
    if (keyId === undefined || iv === undefined || sealed === undefined || tag === undefined)
      throw new Error('a secret is not in the form v1:<key id>:<iv>:<ciphertext>:<tag>');
    const key = this.#keys.get(keyId);
    if (!key)
      throw new OtherKeyError(
        `a secret was encrypted with key ${keyId}, but the present key is ${this.keyId}`,
      );
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'))
      .setAAD(Buffer.from(document))
      .setAuthTag(Buffer.from(tag, 'base64url'));
    try {
      const clear = Buffer.concat([decipher.update(Buffer.from(sealed, 'base64url')), decipher.final()]);
      return new Secret(clear.toString('utf8'));
    } catch {
      throw new Error('a secret cannot be decrypted: it was changed or comes from another document');
    }
  }

  #current(): Buffer {
    const key = this.#keys.get(this.#keyId);
    if (!key) throw new Error('there is no state key');
    return key;
  }
}

function checked(key: Buffer): Buffer {
  if (key.length !== 32) throw new Error('the state key must have 32 bytes');
  return key;
}
