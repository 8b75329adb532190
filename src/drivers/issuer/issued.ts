/**
 * Checks that an authority issued what was ordered: a valid order says nothing about the names in the certificate.
 */
import { X509Certificate } from 'node:crypto';
import { keyMatchesCertificate } from '../../kernel/key-matches-certificate.js';
import type { IssuedCertificate } from './contract.js';

/**
 * The end of a sentence that begins with "it issued a certificate"; undefined if the certificate is valid for every
 * name and its key is ours.
 */
export function shortcoming(
  { chain, key }: Pick<IssuedCertificate, 'chain' | 'key'>,
  names: readonly string[],
): string | undefined {
  if (!keyMatchesCertificate(chain, key.reveal())) return 'for another key';
  const leaf = new X509Certificate(chain);
  const missing = names.filter((name) => leaf.checkHost(name, { subject: 'never' }) === undefined);
  return missing.length === 0 ? undefined : `that is not good for ${missing.join(', ')}`;
}
