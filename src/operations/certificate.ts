/** Tells who issued the certificate in a file and until when it is good. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../domain/clock.js';

export interface Certificate {
  /** Null when it was not recorded. */
  readonly issuer: string | null;
  /** RFC 3339 */
  readonly expires_at: string;
}

const KEEP_MS = 60_000;

/** Answers from memory at once and reads the file again in the background once a minute; null while it cannot be read. */
export function watchCertificate(file: string, clock: Clock): () => Certificate | null {
  let known: Certificate | null = null;
  let readAt = clock.now();
  const refresh = (): void => {
    readAt = clock.now();
    readCertificate(file).then(
      (found) => (known = found),
      () => (known = null),
    );
  };
  refresh();
  return () => {
    if (clock.now() - readAt >= KEEP_MS) refresh();
    return known;
  };
}

async function readCertificate(file: string): Promise<Certificate> {
  const certificate = new X509Certificate(await readFile(file));
  const attributes = new Map(
    certificate.issuer.split('\n').map((line): [string, string] => {
      const [name = '', ...rest] = line.split('=');
      return [name, rest.join('=')];
    }),
  );
  return {
    issuer: attributes.get('O') ?? attributes.get('CN') ?? certificate.issuer.replaceAll('\n', ', '),
    expires_at: new Date(certificate.validTo).toISOString(),
  };
}
