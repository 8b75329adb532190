/** Gives a token a new text; the old one stays good for a while, so that a panel can be changed over without a gap. */
import { AgentError } from '../kernel/errors.js';
import type { ApiToken } from '../state/contract.js';
import { readExpiry } from './create-token.js';
import type { OperationContext } from '../services/context.js';
import { findToken } from './revoke-token.js';
import { hashToken, isLive, liveFormer, newTokenText } from './tokens.js';

export interface Rotation {
  /** Seconds that the old text stays good. */
  readonly overlapS: number;
  /** No older text stays good, those of earlier rotations neither. */
  readonly atOnce?: boolean;
  /** A new expiry (RFC 3339), null for none; without it the old one stays. */
  readonly expiresAt?: string | null | undefined;
}

/**
 * By id, or by a name that only one live token has. Throws `token_not_found`, `invalid_request`, `state_unavailable`.
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
      throw new AgentError('token_not_found', 'The token was revoked or has expired; make a new one.');
    const until = new Date(now + overlapS * 1000).toISOString();
    // who rotates because a text was seen wants none of the older ones to be good any more
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
