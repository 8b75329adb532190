/** What secrets must be like; their values are never shown. */
import type { Secret } from '../domain/secret.js';
import { decodeKey } from '../domain/key-text.js';

const MIN_TOKEN_LENGTH = 20;

/** What is wrong with the secret of this key, or undefined. */
export function secretProblem(key: string, secret: Secret): string | undefined {
  const text = secret.reveal();
  if (key === 'state_key' && !decodeKey(text))
    return `found ${text.length} characters that are no such key, expected 32 bytes in base64 or hex`;
  if (key.startsWith('api.tokens.') && text.length < MIN_TOKEN_LENGTH)
    return `found ${text.length} characters, expected at least ${MIN_TOKEN_LENGTH}`;
  if (key === 'exec.ssh.private_key' && !text.includes('PRIVATE KEY-----'))
    return 'found something else, expected a private key in OpenSSH or PEM form';
  return undefined;
}
