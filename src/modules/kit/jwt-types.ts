/** Arguments and results of `crypto.signJwt` and `crypto.verifyJwt`. */
import type { JsonObject } from '../../kernel/json.js';
import type { HmacCall } from './module-call-types.js';

/** HS: the key is a shared secret. The others: the key is PEM (PKCS #8 to sign, SPKI or a certificate to verify). */
export const JWT_ALGORITHMS = [
  ...(['HS256', 'HS384', 'HS512'] as const),
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA'] as const),
] as const;
export type JwtAlgorithm = (typeof JWT_ALGORITHMS)[number];

export interface JwtSigning {
  readonly algorithm: JwtAlgorithm;
  readonly key: HmacCall['key'];
  readonly claims: JsonObject;
  /** Sets `exp`, in seconds from now, at most one day. */
  readonly expiresInS?: number;
  /** The header `kid`. */
  readonly keyId?: string;
}

export interface JwtCheck {
  /** Only this algorithm is accepted. */
  readonly algorithm: JwtAlgorithm;
  readonly key: HmacCall['key'];
  readonly token: string;
  readonly issuer?: string;
  readonly audience?: string;
}

export interface JwtResult {
  /** Whether the signature is right, `exp` and `nbf` allow the token now, and issuer and audience are as expected. */
  readonly valid: boolean;
  /** Null unless the token is valid. */
  readonly claims: JsonObject | null;
  readonly problem: string | null;
}
