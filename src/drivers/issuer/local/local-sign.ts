/**
 * Signs certificates with the local CA. This is a separate file so that the library for it is loaded only if a local
 * CA is configured.
 */
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as x509 from '@peculiar/x509';
import type { LocalCa } from './config.js';
import { Secret } from '../../../kernel/secret.js';
import type { IssuedCertificate } from '../contract.js';

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGN = { ...KEY, hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const LIFETIME_DAYS = 90;

export async function sign(
  config: LocalCa,
  names: readonly string[],
  now: number,
): Promise<IssuedCertificate> {
  const ca = new x509.X509Certificate(await readFile(config.certificate_file, 'utf8'));
  const der = x509.PemConverter.decodeFirst(await readFile(config.key_file, 'utf8'));
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, KEY, false, ['sign']);
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const notBefore = new Date(now - DAY_MS);
  const notAfter = new Date(Math.min(now + LIFETIME_DAYS * DAY_MS, ca.notAfter.getTime()));
  const certificate = await x509.X509CertificateGenerator.create({
    // the serial number must be positive and have no leading zero byte, as DER requires
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
