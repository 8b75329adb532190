/** JSON Web Tokens. The library is loaded when the first module uses it. */
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import type { JsonObject } from '../../kernel/json.js';
import { plainJson } from '../../kernel/plain-json.js';
import { cleaned } from '../../kernel/text.js';
import type { ModuleCaller } from '../../jobs/effects/module-calls.js';
import type { Clock } from '../../kernel/clock.js';
import type { JwtAlgorithm } from '../kit/jwt-types.js';
import type { HmacCall } from '../kit/module-call-types.js';
import { type ModuleCall, refused } from './call.js';
import { bytesOf } from './crypto.js';

export interface JwtCalls {
  readonly sign: ModuleCall<'crypto.signJwt'>;
  readonly verify: ModuleCall<'crypto.verifyJwt'>;
}

const MOST_CLAIMS = 16 * 1024;

export function jwtCalls(clock: Pick<Clock, 'now'>): JwtCalls {
  return {
    async sign(caller, { algorithm, key, claims, expiresInS, keyId }) {
      const { SignJWT } = await import('jose');
      const nowS = Math.floor(clock.now() / 1000);
      const token = new SignJWT(claims)
        .setProtectedHeader({ alg: algorithm, typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) })
        .setIssuedAt(nowS);
      if (expiresInS !== undefined) token.setExpirationTime(nowS + expiresInS);
      const signing = await keyOf(caller, algorithm, key, createPrivateKey);
      return token.sign(signing).catch((error: unknown) => {
        throw unusableKey(algorithm, error);
      });
    },
    async verify(caller, { algorithm, key, token, issuer, audience }) {
      const { jwtVerify } = await import('jose');
      const checking = await keyOf(caller, algorithm, key, createPublicKey);
      try {
        const { payload } = await jwtVerify(token, checking, {
          algorithms: [algorithm],
          currentDate: new Date(clock.now()),
          ...(issuer === undefined ? {} : { issuer }),
          ...(audience === undefined ? {} : { audience }),
        });
        const claims = plainJson(payload, 'the claims', { bytes: MOST_CLAIMS });
        // the claims of a token are an object
        return { valid: true, claims: claims as JsonObject, problem: null };
      } catch (error) {
        // the key does not match the algorithm
        if (error instanceof TypeError) throw unusableKey(algorithm, error);
        const problem = cleaned(error instanceof Error ? error.message : String(error));
        return { valid: false, claims: null, problem };
      }
    },
  };
}

async function keyOf(
  caller: ModuleCaller,
  algorithm: JwtAlgorithm,
  key: HmacCall['key'],
  parse: (pem: Buffer) => KeyObject,
): Promise<Uint8Array | KeyObject> {
  const bytes = await bytesOf(caller, key);
  if (algorithm.startsWith('HS')) return new Uint8Array(bytes);
  try {
    return parse(bytes);
  } catch (error) {
    throw unusableKey(algorithm, error);
  }
}

/** The messages of the libraries about keys do not contain the keys. */
function unusableKey(algorithm: JwtAlgorithm, error: unknown): Error {
  const why = error instanceof Error ? error.message : String(error);
  return refused('The module used an invalid key.', `${algorithm}: ${cleaned(why)}`);
}
