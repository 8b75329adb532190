/** Ends a token at once. */
import { instant } from '../domain/clock.js';
import { AgentError } from '../domain/errors.js';
import type { ApiToken } from '../state/contract.js';
import type { OperationContext } from './context.js';

/** By id, or by a name that only one live token has. Repeatable. Throws `invalid_request`. */
export async function revokeToken({ state, clock }: OperationContext, wanted: string): Promise<ApiToken> {
  const named = state.tokens.list().filter((token) => token.name === wanted && token.revokedAt === null);
  const token = state.tokens.find(wanted) ?? (named.length === 1 ? named[0] : undefined);
  if (!token) {
    const message =
      named.length > 1
        ? 'Several tokens have this name; revoke by id.'
        : 'There is no live token with this id or name.';
    throw new AgentError('token_not_found', message);
  }
  return state.tokens.commit(token.id, (current) => {
    const known = current ?? token;
    return known.revokedAt === null ? { ...known, revokedAt: instant(clock) } : known;
  });
}
