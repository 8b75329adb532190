/** Issuer `local`: signs with a CA on this machine, for labs and the sandbox. Nothing is verified: routing was. */
import { randomBytes, webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { DomainsConfig } from '../../config/config.js';
import type { Clock } from '../../domain/clock.js';
import { AgentError } from '../../domain/errors.js';
import { Secret } from '../../domain/secret.js';
import type { CertificateIssuer, IssuedCertificate } from './driver.js';

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGN = { ...KEY, hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const LIFETIME_DAYS = 90;

type LocalCa = NonNullable<DomainsConfig['local_ca']>;

export function localIssuer(config: LocalCa, clock: Clock): CertificateIssuer {
  return {
    kind: 'local',
    caaIdentities: [],
    async issue(names) {
      try {
        return await sign(config, names, clock.now());
      } catch (error) {
        throw new AgentError('certificate_refused', 'The local certificate authority cannot issue.', {
          role: 'certificate authority',
          cause: error,
          detail: `domains.local_ca: ${error instanceof Error ? error.message : String(error)}`,
        });
      }
    },
    close: async () => {},
  };
}

async function sign(config: LocalCa, names: readonly string[], now: number): Promise<IssuedCertificate> {
  // Loaded when it is needed: most daemons never do.
  await import('reflect-metadata');
  const x509 = await import('@peculiar/x509');
  const ca = new x509.X509Certificate(await readFile(config.certificate_file, 'utf8'));
  const der = x509.PemConverter.decodeFirst(await readFile(config.key_file, 'utf8'));
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, KEY, false, ['sign']);
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const notBefore = new Date(now - DAY_MS);
  const notAfter = new Date(Math.min(now + LIFETIME_DAYS * DAY_MS, ca.notAfter.getTime()));
  const certificate = await x509.X509CertificateGenerator.create({
    // positive and without a leading zero byte, as DER wants it
    serialNumber: `4${randomBytes(15).toString('hex').slice(1)}`,
    subject: `CN=${(names[0] ?? '').slice(0, 64)}`,
    issuer: ca.subject,
    notBefore,
    notAfter,
    signingAlgorithm: SIGN,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(ca.publicKey),
    ],
  });
  const key = x509.PemConverter.encode(
    await webcrypto.subtle.exportKey('pkcs8', keys.privateKey),
    'PRIVATE KEY',
  );
  return {
    chain: `${certificate.toString('pem')}\n${ca.toString('pem')}\n`,
    key: new Secret(`${key}\n`),
    issuedAt: new Date(now).toISOString(),
    expiresAt: notAfter.toISOString(),
  };
}
