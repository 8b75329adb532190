/** The data about a certificate that the API returns: its issuer and its expiry. */
import { X509Certificate } from 'node:crypto';
import { sentenceOf } from '../kernel/text.js';

export interface Certificate {
  /** Null when it cannot be read. */
  readonly issuer: string | null;
  /** RFC 3339 */
  readonly expires_at: string;
}

/** The issuer of the first certificate of a PEM text; null when it cannot be read. */
export function issuerOf(pem: string): string | null {
  try {
    return issuerName(new X509Certificate(pem));
  } catch {
    return null;
  }
}

const MOST_SHOWN = 100;

/** The issuer's organisation, else its common name. */
export function issuerName({ issuer }: Pick<X509Certificate, 'issuer'>): string {
  const attributes = new Map(
    issuer.split('\n').map((line): [string, string] => {
      const [name = '', ...rest] = line.split('=');
      return [name, rest.join('=')];
    }),
  );
  return sentenceOf(attributes.get('O') ?? attributes.get('CN') ?? issuer.replaceAll('\n', ', '), MOST_SHOWN);
}
