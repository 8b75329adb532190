/** Ends a token at once. */
import { instant } from '../domain/clock.js';
import { AgentError } from '../domain/errors.js';
import type { ApiToken, DocumentStore } from '../state/contract.js';
import type { OperationContext } from './context.js';

/** By id, or by a name that only one live token has. Repeatable. Throws `token_not_found`. */
export async function revokeToken({ state, clock }: OperationContext, wanted: string): Promise<ApiToken> {
  const token = findToken(state.tokens, wanted);
  return state.tokens.commit(token.id, (current) => {
    const known = current ?? token;
    return known.revokedAt === null ? { ...known, revokedAt: instant(clock) } : known;
  });
}

/** Throws `token_not_found`. */
export function findToken(tokens: DocumentStore<ApiToken>, wanted: string): ApiToken {
  const named = tokens.list().filter((token) => token.name === wanted && token.revokedAt === null);
  const token = tokens.find(wanted) ?? (named.length === 1 ? named[0] : undefined);
  if (token) return token;
  throw new AgentError(
    'token_not_found',
    named.length > 1
      ? 'Several tokens have this name; give the id.'
      : 'There is no live token with this id or name.',
  );
}
