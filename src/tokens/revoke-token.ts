/** Revokes a token immediately. */
import { instant } from '../kernel/clock.js';
import { AgentError } from '../kernel/errors.js';
import type { ApiToken } from '../state/contract.js';
import type { OperationContext } from '../services/context.js';
import { idOfConfigured, isLive } from './tokens.js';

/** `wanted` is an id, or a name that only one active token has. The call can be repeated. Throws `token_not_found`. */
export async function revokeToken(context: OperationContext, wanted: string): Promise<ApiToken> {
  const { state, clock } = context;
  const token = findToken(context, wanted);
  return state.tokens.commit(token.id, (current) => {
    const known = current ?? token;
    return known.revokedAt === null ? { ...known, revokedAt: instant(clock) } : known;
  });
}

/** Throws `token_not_found`. */
export function findToken(
  { state: { tokens }, config, clock }: Pick<OperationContext, 'state' | 'config' | 'clock'>,
  wanted: string,
): ApiToken {
  const unrevoked = tokens.list().filter((token) => token.name === wanted && token.revokedAt === null);
  const live = unrevoked.filter((token) => isLive(token, clock.now()));
  const named = live.length > 0 ? live : unrevoked;
  const token = tokens.find(wanted) ?? (named.length === 1 ? named[0] : undefined);
  if (token) return token;
  if (named.length > 1) throw new AgentError('token_not_found', 'Several tokens have this name; use the ID.');
  const isConfigured = config.api.tokens.some((one) => one.name === wanted || idOfConfigured(one) === wanted);
  throw new AgentError(
    'token_not_found',
    isConfigured
      ? 'This token is defined in the configuration (api.tokens): change it there and restart the agent.'
      : 'No active token has this ID or name.',
  );
}
