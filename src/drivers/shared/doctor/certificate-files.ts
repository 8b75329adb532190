/**
 * Checks a certificate and its key as files on this machine: both are readable, they match, and the certificate is
 * still valid.
 */
import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../../../kernel/clock.js';
import { keyMatchesCertificate } from '../../../kernel/key-matches-certificate.js';
import { type Verdict, warning, wrong, word } from './check.js';

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

export interface CertificateFiles {
  readonly file: string;
  readonly keyFile: string;
  /** The command with which the operator gets a new certificate. */
  readonly renew: string;
}

export type LookedAt =
  | { readonly unreadable: Verdict }
  /** Returns all problems that were found. */
  | { readonly certificate: X509Certificate; readonly verdicts: readonly Verdict[] };

export async function lookAtFiles({ file, keyFile, renew }: CertificateFiles): Promise<LookedAt> {
  let certificate: X509Certificate;
  let text: Buffer;
  let key: Buffer;
  let mode: number;
  try {
    text = await readFile(file);
    certificate = new X509Certificate(text);
    key = await readFile(keyFile);
    ({ mode } = await stat(keyFile));
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return {
      unreadable: wrong(`cannot be read: ${said}`, `ls -l ${word(file)} ${word(keyFile)}`, renew),
    };
  }
  const verdicts: Verdict[] = [];
  if (!keyMatchesCertificate(text, key))
    verdicts.push(
      wrong(
        `${keyFile} is not the private key of ${file}`,
        `openssl x509 -noout -pubkey -in ${word(file)}; openssl pkey -pubout -in ${word(keyFile)}`,
      ),
    );
  if ((mode & 0o004) !== 0)
    verdicts.push(warning(`everyone can read ${keyFile}`, `chmod o-rwx ${word(keyFile)}`));
  return { certificate, verdicts };
}

export function judgeTime(certificate: X509Certificate, clock: Clock, renew: string): Verdict[] {
  const days = daysLeft(certificate, clock);
  if (days < 0) return [wrong(`it expired on ${certificate.validTo}`, renew)];
  return days < SOON_DAYS ? [warning(`it expires in ${days} days`, renew)] : [];
}

export function daysLeft({ validTo }: X509Certificate, clock: Clock): number {
  return Math.floor((Date.parse(validTo) - clock.now()) / DAY_MS);
}
