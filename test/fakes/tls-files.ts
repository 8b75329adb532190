/** Certificates for servers on loopback, made for one test. */
import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface ServerCertificate {
  readonly cert: string;
  readonly key: string;
  /** SHA-256, upper-case hex with colons, as Proxmox shows it. */
  readonly fingerprint: string;
}

/** Self-signed, for `localhost` and 127.0.0.1; works as its own CA too. */
export async function selfSigned(name = 'localhost'): Promise<ServerCertificate> {
  x509.cryptoProvider.set(webcrypto);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: `CN=${name}`,
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 86_400_000),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 1, true),
      new x509.SubjectAlternativeNameExtension([
        { type: 'dns', value: name },
        { type: 'ip', value: '127.0.0.1' },
      ]),
    ],
  });
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const hex = createHash('sha256').update(Buffer.from(certificate.rawData)).digest('hex').toUpperCase();
  return {
    cert: certificate.toString('pem'),
    key: x509.PemConverter.encode(der, 'PRIVATE KEY'),
    fingerprint: (hex.match(/../g) ?? []).join(':'),
  };
}
