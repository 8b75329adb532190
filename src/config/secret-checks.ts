/** What secrets must be like; their values are never shown. */
import type { Secret } from '../kernel/secret.js';
import { decodeKey } from '../kernel/key-text.js';

const MIN_TOKEN_LENGTH = 20;

/** What is wrong with the secret of this key, or undefined. */
export function secretProblem(key: string, secret: Secret): string | undefined {
  const text = secret.reveal();
  if (/^state_key(_former)?$/.test(key) && !decodeKey(text))
    return `found ${text.length} characters that are no such key, expected 32 bytes in base64 or hex`;
  if (key.startsWith('api.tokens.') && text.length < MIN_TOKEN_LENGTH)
    return `found ${text.length} characters, expected at least ${MIN_TOKEN_LENGTH}`;
  if (key === 'exec.ssh.private_key' && !text.includes('PRIVATE KEY-----'))
    return 'found something else, expected a private key in OpenSSH or PEM form';
  if (/^alerts\.hooks\.\d+\.url$/.test(key) && !isHookUrl(text))
    return 'found something else, expected a URL that begins with https://';
  return undefined;
}

/** Loopback is for relays on this machine, and for tests. */
function isHookUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (
    protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname))
  );
}
