/**
 * The shape of `epochs/logs.json`. The key in this document encrypts the cursors. An import does not copy the document,
 * so every copy of a state has its own key, and a cursor is valid only in the state that issued it.
 */
import { randomBytes } from 'node:crypto';
import { Type } from 'typebox';
import { lazyCheck } from '../../kernel/lazy-check.js';
import { Secret } from '../../kernel/secret.js';
import type { DocumentKind } from './document.js';
import { TextSchema } from './job-schema.js';
import { VERSIONS } from './migrations.js';
import { schemaErrorOf } from './schema-errors.js';

export interface LogEpoch {
  readonly schema: number;
  readonly id: string;
  /** RFC 3339 */
  readonly madeAt: string;
  /** 32 bytes in base64. */
  readonly cursorKey: Secret;
}

export const EPOCHS_FOLDER = 'epochs';
const ID = 'logs';

const EpochSchema = Type.Object({
  schema: Type.Literal(1),
  id: TextSchema,
  madeAt: TextSchema,
  cursorKey: Type.Unsafe<Secret>(Type.Refine(Type.Unknown(), (value) => value instanceof Secret)),
});

const check = lazyCheck(EpochSchema);

export const logEpochKind: DocumentKind<LogEpoch> = {
  name: 'log epoch',
  version: VERSIONS.logEpoch,
  fits: (value): value is LogEpoch => check.Check(value) satisfies boolean,
  misfit: (value) => schemaErrorOf(check.Errors(value)),
};

interface Epochs {
  find(id: string): LogEpoch | undefined;
  commit(id: string, fn: (current: LogEpoch | undefined) => LogEpoch): Promise<LogEpoch>;
}

/**
 * Returns the key for cursors, 32 bytes. The key is generated when the first cursor is needed, so that a start writes
 * nothing. Throws AgentError `state_unavailable`.
 */
export function cursorKeyOf(epochs: Epochs, now: () => string): () => Promise<Buffer> {
  const made = (): LogEpoch => ({
    schema: 1,
    id: ID,
    madeAt: now(),
    cursorKey: new Secret(randomBytes(32).toString('base64')),
  });
  return async () => {
    const epoch = epochs.find(ID) ?? (await epochs.commit(ID, (current) => current ?? made()));
    return Buffer.from(epoch.cursorKey.reveal(), 'base64');
  };
}
