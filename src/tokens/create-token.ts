/** Creates an API token. The token's text is returned once, and only a hash of the text is stored. */
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

export interface TokenRequest {
  readonly name: string;
  readonly panel?: string | undefined;
  readonly permissions?: readonly string[] | undefined;
  /** RFC 3339 */
  readonly expires_at?: string | null | undefined;
  /** Addresses or CIDRs. */
  readonly networks?: readonly string[] | undefined;
}

/** Throws `invalid_request` naming every wrong field, `token_exists`, `state_unavailable`. */
export async function createToken(
  { state, clock, config }: OperationContext,
  request: TokenRequest,
): Promise<{ text: string; token: ApiToken }> {
  const text = newTokenText();
  const name = request.name.trim();
  const panel = request.panel ?? DEFAULT_PANEL;
  const permissions = [...new Set(request.permissions ?? PANEL_PERMISSIONS)];
  const expiresAt = expiryOf(request.expires_at ?? null, clock.now());
  const networks = (request.networks ?? []).map(networkOf).filter((network) => network !== undefined);
  const problems = {
    ...(name === '' ? { name: "must name the token's owner" } : {}),
    ...(ID_PATTERN.test(panel) ? {} : { panel: 'may contain only letters, digits, dots and hyphens' }),
    ...(permissions.length > 0 && permissions.every(isPermission)
      ? {}
      : { permissions: `must be one or more of: ${PERMISSIONS.join(', ')}` }),
    ...(expiresAt === undefined ? { expires_at: EXPIRY_RULE } : {}),
    ...(networks.length === (request.networks ?? []).length
      ? {}
      : { networks: 'must be addresses or networks such as 192.0.2.0/24' }),
  };
  if (expiresAt === undefined || Object.keys(problems).length > 0) throw invalid(problems);
  const token: ApiToken = {
    id: newTokenId(),
    name,
    panel,
    permissions,
    sha256: hashToken(text),
    former: [],
    createdAt: instant(clock),
    expiresAt,
    revokedAt: null,
    networks,
  };
  const refuseTakenName = (): void => {
    const isOther = (one: ApiToken): boolean =>
      one.id !== token.id && one.name === token.name && isLive(one, clock.now());
    if (config.api.tokens.some((one) => one.name === token.name) || state.tokens.list().some(isOther))
      throw new AgentError(
        'token_exists',
        `Another token is named ${token.name}. Choose a different name, or revoke that token first.`,
      );
  };
  refuseTakenName();
  await state.tokens.commit(token.id, () => token);
  try {
    // if two tokens with the same name are created at the same moment, neither is kept, because an operator must be
    // able to revoke a token by its name
    refuseTakenName();
  } catch (error) {
    await state.tokens.remove(token.id);
    throw error;
  }
  return { text, token };
}

const EXPIRY_RULE = 'must be a time in the future (RFC 3339)';

/** Throws `invalid_request`. */
export function readExpiry(sent: string | null, now: number): string | null {
  const expiry = expiryOf(sent, now);
  if (expiry === undefined) throw invalid({ expires_at: EXPIRY_RULE });
  return expiry;
}

/** Undefined if the text is not a time in the future. */
function expiryOf(sent: string | null, now: number): string | null | undefined {
  if (sent === null) return null;
  const at = Date.parse(sent);
  return Number.isNaN(at) || at <= now ? undefined : new Date(at).toISOString();
}

/** Undefined if the text is neither an address nor a network. */
function networkOf(sent: string): string | undefined {
  const text = sent.trim();
  if (ipaddr.isValidCIDR(text)) return text;
  const isAddress = ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
  return isAddress ? `${text}/${text.includes(':') ? 128 : 32}` : undefined;
}
