/**
 * The certificate authority of the sandbox. It signs the certificates of the simulated Proxmox and of the proxy. Its
 * key and its certificate are stored in the state folder, so that clients continue to trust it after a restart.
 */
import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { findText, PRIVATE, PUBLIC, writeText } from './files.js';

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGN = { ...KEY, hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;
const CA_DAYS = 3650;
const LEAF_DAYS = 397;
/** A certificate is renewed when its remaining lifetime is less than this. */
const MARGIN_DAYS = 30;

type KeyPair = Awaited<ReturnType<typeof makeKeys>>;
type Key = KeyPair['privateKey'];

export interface CertificateFiles {
  /** The file with the certificate in PEM format, which all users can read. */
  readonly certFile: string;
  /** The file with the key in PEM format (PKCS #8), with mode 0600. */
  readonly keyFile: string;
  readonly cert: string;
  readonly key: string;
}

export interface Ca {
  /** The PEM file that clients must trust. */
  readonly caFile: string;
  /** The PEM file with the key of the CA (mode 0600). The local issuer of the daemon signs with this key. */
  readonly keyFile: string;
  readonly ca: string;
  /**
   * Returns a certificate for these DNS names and IP addresses. If a stored certificate is valid for all of them,
   * returns the stored certificate. `name` is the base name of the files.
   */
  certificate(name: string, hosts: readonly string[]): Promise<CertificateFiles>;
}

/** Loads the authority from `dir`, or creates it. `now` is a time in milliseconds. */
export async function openCa(dir: string, now: () => number = Date.now): Promise<Ca> {
  const caFile = join(dir, 'ca.pem');
  const authority = (await findPair(dir, 'ca', now)) ?? (await makeAuthority(dir, now));
  const { cert, key } = authority;
  return {
    caFile,
    keyFile: join(dir, 'ca.key'),
    ca: cert.toString('pem'),
    async certificate(name, hosts) {
      const known = await findPair(dir, name, now);
      const fits = known && sameHosts(known.cert, hosts) && (await known.cert.verify({ publicKey: cert }));
      const pair = fits ? known : await makeLeaf(dir, name, hosts, { cert, key }, now);
      return {
        certFile: join(dir, `${name}.pem`),
        keyFile: join(dir, `${name}.key`),
        cert: pair.cert.toString('pem'),
        key: await toPem(pair.key),
      };
    },
  };
}

interface Pair {
  readonly cert: x509.X509Certificate;
  readonly key: Key;
}

async function makeKeys() {
  return webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
}

/**
 * Returns the stored certificate and key, or undefined if they are missing, unreadable or about to expire. In this
 * case, the caller creates a new one.
 */
async function findPair(dir: string, name: string, now: () => number): Promise<Pair | undefined> {
  const [certPem, keyPem] = await Promise.all([
    findText(join(dir, `${name}.pem`)),
    findText(join(dir, `${name}.key`)),
  ]);
  if (certPem === undefined || keyPem === undefined) return undefined;
  try {
    const cert = new x509.X509Certificate(certPem);
    if (cert.notAfter.getTime() - now() < MARGIN_DAYS * DAY_MS) return undefined;
    const der = x509.PemConverter.decodeFirst(keyPem);
    return { cert, key: await webcrypto.subtle.importKey('pkcs8', der, KEY, true, ['sign']) };
  } catch {
    return undefined;
  }
}

async function makeAuthority(dir: string, now: () => number): Promise<Pair> {
  const keys = await makeKeys();
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: 'CN=Innkeeper sandbox CA',
    ...validity(now, CA_DAYS),
    signingAlgorithm: SIGN,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return keep(dir, 'ca', { cert, key: keys.privateKey });
}

async function makeLeaf(
  dir: string,
  name: string,
  hosts: readonly string[],
  issuer: Pair,
  now: () => number,
): Promise<Pair> {
  const keys = await makeKeys();
  const cert = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: `CN=${hosts[0] ?? name}`,
    issuer: issuer.cert.subject,
    ...validity(now, LEAF_DAYS),
    signingAlgorithm: SIGN,
    publicKey: keys.publicKey,
    signingKey: issuer.key,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        hosts.map((host) => ({ type: isAddress(host) ? 'ip' : 'dns', value: host })),
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.cert.publicKey),
    ],
  });
  return keep(dir, name, { cert, key: keys.privateKey });
}

async function keep(dir: string, name: string, pair: Pair): Promise<Pair> {
  await writeText(join(dir, `${name}.key`), `${await toPem(pair.key)}\n`, PRIVATE);
  await writeText(join(dir, `${name}.pem`), `${pair.cert.toString('pem')}\n`, PUBLIC);
  return pair;
}

async function toPem(key: Key): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

/**
 * Returns the start of the validity of a certificate. It is shortly before the current time, because the clocks of
 * container and host may differ by some seconds.
 */
function validity(now: () => number, days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now() - DAY_MS), notAfter: new Date(now() + days * DAY_MS) };
}

/** Returns a serial number that is positive and has no leading zero byte, as DER requires. */
function serial(): string {
  return `4${randomBytes(15).toString('hex').slice(1)}`;
}

function isAddress(host: string): boolean {
  return /^[0-9.]+$/.test(host) || host.includes(':');
}

function sameHosts(cert: x509.X509Certificate, hosts: readonly string[]): boolean {
  const names = cert.getExtension(x509.SubjectAlternativeNameExtension)?.names.items ?? [];
  const known = names.map((name) => name.value).sort();
  return JSON.stringify(known) === JSON.stringify([...hosts].sort());
}
