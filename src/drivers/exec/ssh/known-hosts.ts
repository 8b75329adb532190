/**
 * Reads an OpenSSH known_hosts file: plain and hashed names, patterns, `[host]:port`, several key types, revoked
 * keys.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface KnownKeys {
  /** The keys with which the host may identify itself, by type, in the wire format. */
  readonly trusted: readonly { readonly type: string; readonly key: Buffer }[];
  readonly revoked: readonly Buffer[];
}

/**
 * Maps the key types in the file to the signature algorithms that the client requests. The server then identifies
 * itself with a key that the file contains.
 */
const ALGORITHMS = {
  'ssh-ed25519': ['ssh-ed25519'],
  'ecdsa-sha2-nistp256': ['ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ecdsa-sha2-nistp384'],
  'ecdsa-sha2-nistp521': ['ecdsa-sha2-nistp521'],
  'ssh-rsa': ['rsa-sha2-512', 'rsa-sha2-256'],
} as const;

export type HostKeyAlgorithm = (typeof ALGORITHMS)[keyof typeof ALGORITHMS][number];

function isSupported(type: string): type is keyof typeof ALGORITHMS {
  return Object.hasOwn(ALGORITHMS, type);
}

export function algorithmsOf(known: KnownKeys): HostKeyAlgorithm[] {
  const types = new Set(known.trusted.map(({ type }) => type).filter(isSupported));
  return [...types].flatMap((type) => [...ALGORITHMS[type]]);
}

/**
 * Returns the keys of this host in the file. Lines that cannot be parsed, and lines of certificate authorities, are
 * skipped.
 */
export function knownKeys(file: string, host: string, port: number): KnownKeys {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  const trusted: { type: string; key: Buffer }[] = [];
  const revoked: Buffer[] = [];
  for (const line of file.split(/\r?\n/)) {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') ? words.shift() : undefined;
    const [names, type, encoded] = words;
    if (!names || names.startsWith('#') || !type || !encoded || !isFor(names, name)) continue;
    const key = Buffer.from(encoded, 'base64');
    if (marker === '@revoked') revoked.push(key);
    else if (marker === undefined && isSupported(type)) trusted.push({ type, key });
  }
  return { trusted, revoked };
}

export function isTrusted(known: KnownKeys, shown: Buffer): boolean {
  return (
    !known.revoked.some((key) => key.equals(shown)) && known.trusted.some(({ key }) => key.equals(shown))
  );
}

function isFor(names: string, name: string): boolean {
  if (names.startsWith('|1|')) return matchesHash(names, name);
  const patterns = names.toLowerCase().split(',');
  if (patterns.some((pattern) => pattern.startsWith('!') && matches(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => matches(pattern, name));
}

function matches(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(name);
}

function matchesHash(names: string, name: string): boolean {
  const [salt, hash] = names.slice(3).split('|');
  if (!salt || !hash) return false;
  const expected = Buffer.from(hash, 'base64');
  const actual = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
