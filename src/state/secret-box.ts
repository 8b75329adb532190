/** Encrypts the secrets inside documents, bound to their document so that a value copied into another one does not open. */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { Secret } from '../domain/secret.js';

const FORM = /^v1:([0-9a-f]{16}):([A-Za-z0-9_-]{16}):([A-Za-z0-9_-]*):([A-Za-z0-9_-]{22})$/;

/** The sealed text names another key: not damage, but a wrong key file. */
export class OtherKeyError extends Error {
  override readonly name = 'OtherKeyError';
}

export class SecretBox {
  readonly keyId: string;
  readonly #key: Buffer;

  /** `key`: 32 bytes. */
  constructor(key: Buffer) {
    if (key.length !== 32) throw new Error('the state key must have 32 bytes');
    this.#key = key;
    this.keyId = createHash('sha256').update(key).digest('hex').slice(0, 16);
  }

  /** `v1:<key id>:<iv>:<ciphertext>:<tag>`, base64url. */
  seal(document: string, secret: Secret): string {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(Buffer.from(document));
    const sealed = Buffer.concat([cipher.update(secret.reveal(), 'utf8'), cipher.final()]);
    const parts = [iv, sealed, cipher.getAuthTag()].map((part) => part.toString('base64url'));
    return ['v1', this.keyId, ...parts].join(':');
  }

  /** Throws when the text was changed, belongs to another document or (OtherKeyError) to another key. */
  open(document: string, text: string): Secret {
    const [, keyId, iv, sealed, tag] = FORM.exec(text) ?? [];
    if (keyId === undefined || iv === undefined || sealed === undefined || tag === undefined)
      throw new Error('a secret is not in the form v1:<key id>:<iv>:<ciphertext>:<tag>');
    if (keyId !== this.keyId)
      throw new OtherKeyError(`a secret was encrypted with key ${keyId}, ours is ${this.keyId}`);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, Buffer.from(iv, 'base64url'))
      .setAAD(Buffer.from(document))
      .setAuthTag(Buffer.from(tag, 'base64url'));
    try {
      const clear = Buffer.concat([decipher.update(Buffer.from(sealed, 'base64url')), decipher.final()]);
      return new Secret(clear.toString('utf8'));
    } catch {
      throw new Error('a secret cannot be decrypted: it was changed or comes from another document');
    }
  }
}
