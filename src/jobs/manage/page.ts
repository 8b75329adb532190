/** Splits a list into pages in the order of its keys. The cursor is the encoded last key of a page. */
import { AgentError } from '../../kernel/errors.js';

export interface Page<T> {
  readonly items: readonly T[];
  /** Null on the last page. */
  readonly next: string | null;
}

const FORM = /^[A-Za-z0-9._-]{1,64}\/[A-Za-z0-9._-]{1,64}$/;

export function nextCursor(lastKey: string | undefined): string | null {
  return lastKey === undefined ? null : Buffer.from(lastKey).toString('base64url');
}

/**
 * The key after which the page starts. Throws `invalid_request` for an invalid cursor and for a cursor of another
 * panel, because all keys of this panel may come before that cursor.
 */
export function afterCursor(cursor: string | undefined, panel: string): string | undefined {
  if (cursor === undefined) return undefined;
  const key = Buffer.from(cursor, 'base64url').toString();
  if (key.startsWith(`${panel}/`) && FORM.test(key)) return key;
  throw new AgentError('invalid_request', 'cursor must come from an earlier response.', {
    fields: { cursor: 'must come from an earlier response' },
  });
}
