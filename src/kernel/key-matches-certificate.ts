/** Whether a private key is that of a certificate. */
import { createPrivateKey, X509Certificate } from 'node:crypto';

/** Both as PEM; false also when either holds none. */
export function keyMatchesCertificate(certificate: string | Buffer, key: string | Buffer): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
