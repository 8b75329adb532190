/** Tells who issued the certificate in a file and until when it is good. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../domain/clock.js';

export interface Certificate {
  /** Null when it cannot be read. */
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
  return { issuer: nameOf(certificate), expires_at: new Date(certificate.validTo).toISOString() };
}

/** Who issued the first certificate of a PEM text; null when it cannot be read. */
export function issuerOf(pem: string): string | null {
  try {
    return nameOf(new X509Certificate(pem));
  } catch {
    return null;
  }
}

function nameOf({ issuer }: X509Certificate): string {
  const attributes = new Map(
    issuer.split('\n').map((line): [string, string] => {
      const [name = '', ...rest] = line.split('=');
      return [name, rest.join('=')];
    }),
  );
  return attributes.get('O') ?? attributes.get('CN') ?? issuer.replaceAll('\n', ', ');
}
