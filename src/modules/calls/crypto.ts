/** Digests and signatures with secrets, which module code must not see. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { ModuleCaller } from '../../jobs/effects/module-calls.js';
import type { CryptoPart, DigestCall, HmacCall } from '../kit/module-call-types.js';
import { clearTextOf, type ModuleCall } from './call.js';

export const digest: ModuleCall<'crypto.digest'> = async (caller, call) => {
  const hash = createHash(call.algorithm);
  for (const bytes of await partsOf(caller, call)) hash.update(bytes);
  return hash.digest(call.encoding ?? 'hex');
};

export const hmac: ModuleCall<'crypto.hmac'> = async (caller, call) =>
  (await hmacOf(caller, call)).toString(call.encoding ?? 'hex');

export const verify: ModuleCall<'crypto.verify'> = async (caller, call) => {
  const { signature, encoding = 'hex' } = call;
  const given = Buffer.from(signature, encoding);
  // `Buffer.from` ignores what does not belong to the encoding
  const isEncoded =
    bare(given.toString(encoding)) === bare(encoding === 'hex' ? signature.toLowerCase() : signature);
  return isSame(await hmacOf(caller, call), given) && isEncoded;
};

export const basic: ModuleCall<'crypto.basic'> = async (caller, { header, user, password }) => {
  const expected = `${await clearTextOf(caller, user)}:${await clearTextOf(caller, password)}`;
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(header) ?? [];
  return isSame(Buffer.from(expected), Buffer.from(encoded, 'base64'));
};

async function hmacOf(caller: ModuleCaller, call: HmacCall): Promise<Buffer> {
  const mac = createHmac(call.algorithm, await bytesOf(caller, call.key));
  for (const bytes of await partsOf(caller, call)) mac.update(bytes);
  return mac.digest();
}

function partsOf(caller: ModuleCaller, { parts }: DigestCall): Promise<Buffer[]> {
  return Promise.all(parts.map((part) => bytesOf(caller, part)));
}

/** The bytes must not become part of an error or a result. */
export async function bytesOf(caller: ModuleCaller, part: CryptoPart | HmacCall['key']): Promise<Buffer> {
  if (typeof part === 'string') return Buffer.from(part);
  if ('base64' in part) return Buffer.from(part.base64, 'base64');
  return Buffer.from(await clearTextOf(caller, part), 'encoding' in part ? part.encoding : 'utf8');
}

/** Compares digests of both, so that the time depends neither on their contents nor on their lengths. */
function isSame(one: Buffer, other: Buffer): boolean {
  const [a, b] = [one, other].map((bytes) => createHash('sha256').update(bytes).digest());
  return a !== undefined && b !== undefined && timingSafeEqual(a, b);
}

const bare = (text: string): string => text.replace(/=+$/, '');
