/**
 * Cursors of a log. A cursor is an encrypted position, which reveals nothing about the lines of other readers. A cursor
 * is valid only for its reader and only in the state folder in which it was issued. It contains a digest of the bytes
 * before the position, so that a position in another copy of the log is recognised.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';

export interface LogPlace {
  /** `YYYY-MM-DD` */
  readonly day: string;
  /** Offset of the start of a line in the day's file, in bytes. */
  readonly offset: number;
}

export interface CursorContent extends LogPlace {
  /** Digest of the bytes before the position (`digestBefore`). */
  readonly before: Buffer;
}

/**
 * `gone` means a cursor of another state folder, of another reader or of an older release. Undefined means that the
 * text is not a cursor.
 */
export type OpenedCursor = CursorContent | 'gone' | undefined;

/** The number of bytes before a position that the digest covers. This is usually longer than the preceding line. */
export const BYTES_BEFORE = 4096;

const VERSION = 2;
const [IV_BYTES, TAG_BYTES, DIGEST_BYTES] = [12, 16, 8];
const CONTENT_BYTES = 4 + 6 + DIGEST_BYTES;
const BYTES = 1 + IV_BYTES + CONTENT_BYTES + TAG_BYTES;
/** Matches cursors of older releases, which did not encrypt them: a day and an offset. */
const UNSEALED = /^\d{4}-\d\d-\d\d\.\d{1,15}$/;

export function digestBefore(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest().subarray(0, DIGEST_BYTES);
}

export class LogCursors {
  readonly #secret: () => Promise<Buffer>;

  /** `secret` returns 32 bytes that are unique to this state folder. */
  constructor(secret: () => Promise<Buffer>) {
    this.#secret = secret;
  }

  /**
   * Encrypts a cursor. The same position always gives the same text, because the nonce is derived from the content.
   * Throws what `secret` throws.
   */
  async seal(reader: string, content: CursorContent): Promise<string> {
    const secret = await this.#secret();
    const clear = packed(content);
    const iv = createHmac('sha256', keyFor(secret, 'nonce'))
      .update(`${reader}\0`)
      .update(clear)
      .digest()
      .subarray(0, IV_BYTES);
    const cipher = createCipheriv('aes-256-gcm', keyFor(secret, 'seal'), iv).setAAD(Buffer.from(reader));
    const sealed = [cipher.update(clear), cipher.final()];
    return Buffer.concat([Buffer.of(VERSION), iv, ...sealed, cipher.getAuthTag()]).toString('base64url');
  }

  /** Throws what `secret` throws. */
  async open(reader: string, text: string): Promise<OpenedCursor> {
    const bytes = Buffer.from(text, 'base64url');
    if (UNSEALED.test(bytes.toString('latin1'))) return 'gone';
    if (bytes.length !== BYTES || bytes[0] !== VERSION || bytes.toString('base64url') !== text)
      return undefined;
    const iv = bytes.subarray(1, 1 + IV_BYTES);
    const tag = bytes.subarray(BYTES - TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', keyFor(await this.#secret(), 'seal'), iv)
      .setAAD(Buffer.from(reader))
      .setAuthTag(tag);
    try {
      const sealed = bytes.subarray(1 + IV_BYTES, BYTES - TAG_BYTES);
      return unpacked(Buffer.concat([decipher.update(sealed), decipher.final()]));
    } catch {
      return 'gone';
    }
  }
}

function keyFor(secret: Buffer, purpose: string): Buffer {
  return createHmac('sha256', secret).update(`log cursor: ${purpose}`).digest();
}

function packed({ day, offset, before }: CursorContent): Buffer {
  const bytes = Buffer.alloc(CONTENT_BYTES);
  bytes.writeUInt32BE(Number(day.replaceAll('-', '')), 0);
  bytes.writeUIntBE(offset, 4, 6);
  before.copy(bytes, 10);
  return bytes;
}

function unpacked(bytes: Buffer): CursorContent {
  const digits = String(bytes.readUInt32BE(0)).padStart(8, '0');
  const day = `${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6)}`;
  return { day, offset: bytes.readUIntBE(4, 6), before: bytes.subarray(10) };
}
