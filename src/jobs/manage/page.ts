/** Pages of a list that is in the order of its keys: the cursor is the last key, packed. */
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
 * The key to go on behind. Throws `invalid_request`, also for another panel's: in the order of keys all of this one
 * may stand before it.
 */
export function afterCursor(cursor: string | undefined, panel: string): string | undefined {
  if (cursor === undefined) return undefined;
  const key = Buffer.from(cursor, 'base64url').toString();
  if (key.startsWith(`${panel}/`) && FORM.test(key)) return key;
  throw new AgentError('invalid_request', 'cursor must come from an earlier answer.', {
    fields: { cursor: 'must come from an earlier answer' },
  });
}
