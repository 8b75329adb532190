/** The parts of an API token: its text, its hash, and its validity. */
import { hash, randomBytes } from 'node:crypto';
import type { Config } from '../config/config.js';
import type { ApiToken } from '../state/contract.js';

export type ConfiguredToken = Config['api']['tokens'][number];

/** A new token: `ik_` and 43 characters, which encode 256 random bits. */
export function newTokenText(): string {
  return `ik_${randomBytes(32).toString('base64url')}`;
}

export function newTokenId(): string {
  return `tok_${randomBytes(9).toString('base64url').replace(/[-_]/g, 'x')}`;
}

/** SHA-256 in hex. A random 256-bit token needs no slow password hash. */
export function hashToken(text: string): string {
  return hash('sha256', text);
}

export function isLive(token: Pick<ApiToken, 'revokedAt' | 'expiresAt'>, now: number): boolean {
  return token.revokedAt === null && (token.expiresAt === null || Date.parse(token.expiresAt) > now);
}

/** The hashes of the current text and of texts from before a rotation. */
export function hashesOf(token: Pick<ApiToken, 'sha256' | 'former'>): string[] {
  return [token.sha256, ...token.former.map(({ sha256 }) => sha256)];
}

export function isHashLive(token: ApiToken, sha256: string, now: number): boolean {
  if (!isLive(token, now)) return false;
  return sha256 === token.sha256 || liveFormer(token, now).some((former) => former.sha256 === sha256);
}

/** The token's older texts, from before a rotation, that are still valid. */
export function liveFormer(token: Pick<ApiToken, 'former'>, now: number): ApiToken['former'] {
  return token.former.filter(({ until }) => Date.parse(until) > now);
}

export interface TokenView {
  readonly id: string;
  readonly name: string;
  readonly panel: string;
  readonly permissions: string[];
  readonly networks: string[];
  /** Null for a token that is defined in the configuration. */
  readonly created_at: string | null;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly former_until: string | null;
  /** The number of valid texts: the current one, and older ones until their overlap ends. */
  readonly texts: number;
  readonly live: boolean;
}

export function viewToken(token: ApiToken, now: number): TokenView {
  return {
    id: token.id,
    name: token.name,
    panel: token.panel,
    permissions: [...token.permissions],
    networks: [...token.networks],
    created_at: token.createdAt,
    expires_at: token.expiresAt,
    revoked_at: token.revokedAt,
    former_until:
      liveFormer(token, now)
        .map(({ until }) => until)
        .sort()
        .at(-1) ?? null,
    texts: isLive(token, now) ? 1 + liveFormer(token, now).length : 0,
    live: isLive(token, now),
  };
}

/**
 * The ID of a token from the configuration. It is derived from the token's name, which is unique in the configuration.
 */
export function idOfConfigured({ name }: Pick<ConfiguredToken, 'name'>): string {
  return `config:${name}`;
}

/** Shows a token from the configuration, which is valid as long as the configuration contains it. */
export function viewConfigured(token: ConfiguredToken): TokenView {
  return {
    id: idOfConfigured(token),
    name: token.name,
    panel: token.panel,
    permissions: [...token.permissions],
    networks: [],
    created_at: null,
    expires_at: null,
    revoked_at: null,
    former_until: null,
    texts: 1,
    live: true,
  };
}
