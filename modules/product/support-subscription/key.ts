/** Subscription keys: `SUP-` and 16 random characters (80 bits). Similar characters (0, O, 1, I) are left out. */
import { createHash, randomInt } from 'node:crypto';

const PREFIX = 'SUP-';
const LENGTH = 16;
const CHARACTERS = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';

export const KEY_PATTERN = `^${PREFIX}[${CHARACTERS}]{${LENGTH}}$`;

export function newKey(): string {
  const drawn = Array.from({ length: LENGTH }, () => CHARACTERS[randomInt(CHARACTERS.length)]);
  return PREFIX + drawn.join('');
}

/** Documents are found by the digest of a key, so they do not contain it. People may type a key in lower case. */
export function digestOf(key: string): string {
  return createHash('sha256').update(key.trim().toUpperCase()).digest('hex');
}
