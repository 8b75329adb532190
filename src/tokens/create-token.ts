/** Makes an API token; its text is handed out once and kept only as a hash. */
import ipaddr from 'ipaddr.js';
import { instant } from '../kernel/clock.js';
import { AgentError } from '../kernel/errors.js';
import { ID_PATTERN } from '../model/service.js';
import type { ApiToken } from '../state/contract.js';
import { invalid } from '../kernel/invalid.js';
import type { OperationContext } from '../services/context.js';
import { isPermission, PANEL_PERMISSIONS, PERMISSIONS } from '../model/permissions.js';
import { hashToken, isLive, newTokenId, newTokenText } from './tokens.js';
import { DEFAULT_PANEL } from '../kernel/default-panel.js';

export interface TokenWish {
  readonly name: string;
  readonly panel?: string | undefined;
  readonly permissions?: readonly string[] | undefined;
  /** RFC 3339 */
  readonly expires_at?: string | null | undefined;
  /** Addresses or CIDRs. */
  readonly networks?: readonly string[] | undefined;
}

/** Throws `invalid_request`, `token_exists`, `state_unavailable`. */
export async function createToken(
  { state, clock, config }: OperationContext,
  request: TokenWish,
): Promise<{ text: string; token: ApiToken }> {
  const text = newTokenText();
  const token: ApiToken = {
    id: newTokenId(),
    name: request.name.trim(),
    panel: request.panel ?? DEFAULT_PANEL,
    permissions: [...new Set(request.permissions ?? PANEL_PERMISSIONS)],
    sha256: hashToken(text),
    former: [],
    createdAt: instant(clock),
    expiresAt: readExpiry(request.expires_at ?? null, clock.now()),
    revokedAt: null,
    networks: (request.networks ?? []).map(readNetwork),
  };
  if (token.name === '') throw invalid({ name: 'must say whose token it is' });
  if (!ID_PATTERN.test(token.panel)) throw invalid({ panel: 'must be letters, digits, dots, hyphens' });
  if (token.permissions.length === 0 || !token.permissions.every(isPermission)) {
    throw invalid({ permissions: `must be some of: ${PERMISSIONS.join(', ')}` });
  }
  const refuseTakenName = (): void => {
    const isOther = (one: ApiToken): boolean =>
      one.id !== token.id && one.name === token.name && isLive(one, clock.now());
    if (config.api.tokens.some(({ name }) => name === token.name) || state.tokens.list().some(isOther))
      throw new AgentError(
        'token_exists',
        `Another token is named ${token.name}. Choose a different name, or revoke that token first.`,
      );
  };
  refuseTakenName();
  await state.tokens.commit(token.id, () => token);
  try {
    // of two that were created at the same moment neither stays: a name must be enough to revoke a token
    refuseTakenName();
  } catch (error) {
    await state.tokens.remove(token.id);
    throw error;
  }
  return { text, token };
}

/** Throws `invalid_request`. */
export function readExpiry(sent: string | null, now: number): string | null {
  if (sent === null) return null;
  const at = Date.parse(sent);
  if (Number.isNaN(at) || at <= now)
    throw invalid({ expires_at: 'must be an instant in the future (RFC 3339)' });
  return new Date(at).toISOString();
}

function readNetwork(sent: string): string {
  const text = sent.trim();
  if (ipaddr.isValidCIDR(text)) return text;
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
  if (isAddress) return `${text}/${text.includes(':') ? 128 : 32}`;
  throw invalid({ networks: 'must be addresses or networks such as 192.0.2.0/24' });
}
