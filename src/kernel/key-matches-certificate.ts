/** Whether a private key belongs to a certificate. */
import { createPrivateKey, X509Certificate } from 'node:crypto';

/** Both are PEM texts. Returns false also if either cannot be read. */
export function keyMatchesCertificate(certificate: string | Buffer, key: string | Buffer): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
