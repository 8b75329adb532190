/**
 * Checks that the certificate is what was ordered, because the status `valid` of an order does not prove which names
 * the certificate contains.
 */
import { X509Certificate } from 'node:crypto';
import { keyMatchesCertificate } from '../../kernel/key-matches-certificate.js';
import type { IssuedCertificate } from './contract.js';

/**
 * Returns the problem, worded to follow "it issued a certificate". Returns undefined if the certificate is valid for
 * every name and contains our key.
 */
export function shortcoming(
  { chain, key }: Pick<IssuedCertificate, 'chain' | 'key'>,
  names: readonly string[],
): string | undefined {
  if (!keyMatchesCertificate(chain, key.reveal())) return 'for another key';
  const leaf = new X509Certificate(chain);
  const missing = names.filter((name) => leaf.checkHost(name, { subject: 'never' }) === undefined);
  return missing.length === 0 ? undefined : `that is not valid for ${missing.join(', ')}`;
}
