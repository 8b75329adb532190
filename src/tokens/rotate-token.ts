/**
 * Gives a token a new text. The old text stays valid for a while, so that a panel can be reconfigured without
 * interruption.
 */
import { AgentError } from '../kernel/errors.js';
import type { ApiToken } from '../state/contract.js';
import { readExpiry } from './create-token.js';
import type { OperationContext } from '../services/context.js';
import { findToken } from './revoke-token.js';
import { hashToken, isLive, liveFormer, newTokenText } from './tokens.js';

export interface Rotation {
  /** Seconds for which the old text stays valid. */
  readonly overlapS: number;
  /** Revoke all older texts at once, including those of earlier rotations. */
  readonly atOnce?: boolean;
  /** The new expiry (RFC 3339), or null for none; if it is missing, the expiry stays unchanged. */
  readonly expiresAt?: string | null | undefined;
}

/**
 * The token is identified by its id, or by a name that only one active token has. Throws `token_not_found`,
 * `invalid_request`, `state_unavailable`.
 */
export async function rotateToken(
  context: Pick<OperationContext, 'state' | 'clock' | 'config'>,
  wanted: string,
  { overlapS, atOnce = false, expiresAt }: Rotation,
): Promise<{ text: string; token: ApiToken }> {
  const { state, clock } = context;
  const now = clock.now();
  const found = findToken(context, wanted);
  const expiry = expiresAt === undefined ? undefined : readExpiry(expiresAt, now);
  const text = newTokenText();
  const token = await state.tokens.commit(found.id, (current) => {
    if (!current || !isLive(current, now))
      throw new AgentError('token_not_found', 'The token was revoked or has expired; create a new one.');
    const until = new Date(now + overlapS * 1000).toISOString();
    // An operator who rotates a token because its text leaked must be able to revoke all older texts.
    const former = atOnce ? [] : [...current.former, { sha256: current.sha256, until }];
    return {
      ...current,
      sha256: hashToken(text),
      former: clock.trusted() ? [...liveFormer({ former }, now)] : former,
      expiresAt: expiry === undefined ? current.expiresAt : expiry,
    };
  });
  return { text, token };
}
