/** Reads issuer and expiry of the operator's own certificates: the base domain's, and the API's. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Config } from '../config/config.js';
import type { Clock } from '../kernel/clock.js';
import { type Certificate, issuerName } from '../model/certificate.js';
import type { OwnCertificate } from '../model/own-certificate.js';
import { fetchCertificate } from '../drivers/shared/served-certificate.js';

const KEEP_MS = 60_000;

type Places = Pick<Config, 'agent' | 'proxy'>;

/**
 * Returns a function that returns the cached certificate at once. Once a minute, the certificate is read again in the
 * background. The value is null while the certificate cannot be read.
 */
export function watchCertificate(config: Places, clock: Clock): () => Certificate | null {
  return watching(() => lookAtCertificate(config), clock);
}

/** Both certificates; a certificate that currently cannot be read is left out. */
export function watchOwnCertificates(
  config: Places & Pick<Config, 'api'>,
  clock: Clock,
): () => readonly OwnCertificate[] {
  const base = watchCertificate(config, clock);
  const { tls } = config.api;
  const api = tls ? watching(() => readCertificate(tls.cert_file), clock) : () => null;
  return () =>
    [{ of: 'base_domain', found: base() } as const, { of: 'api', found: api() } as const].flatMap(
      ({ of, found }) => (found ? [{ of, expires_at: found.expires_at }] : []),
    );
}

function watching(look: () => Promise<Certificate | null>, clock: Clock): () => Certificate | null {
  let known: Certificate | null = null;
  let readAt = clock.monotonic();
  const refresh = (): void => {
    readAt = clock.monotonic();
    look().then(
      (found) => (known = found),
      () => (known = null),
    );
  };
  refresh();
  return () => {
    if (clock.monotonic() - readAt >= KEEP_MS) refresh();
    return known;
  };
}

/**
 * The file is on the proxy's host. If the proxy runs on another host, the certificate that visitors get is read
 * instead.
 */
async function lookAtCertificate({ agent, proxy }: Places): Promise<Certificate | null> {
  const { door, nginx, ssh } = proxy;
  if (ssh === null) return readCertificate(nginx.certificate_file);
  const ask = fetchCertificate({ listen: [door.address], https_port: door.https_port });
  const certificate = await ask(`probe.${agent.base_domain}`);
  return certificate ? viewOf(certificate) : null;
}

async function readCertificate(file: string): Promise<Certificate> {
  return viewOf(new X509Certificate(await readFile(file)));
}

function viewOf(certificate: X509Certificate): Certificate {
  return { issuer: issuerName(certificate), expires_at: new Date(certificate.validTo).toISOString() };
}
