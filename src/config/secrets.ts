/** Reads secrets from the sources in the configuration. */
import { X509Certificate } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { keyMatchesCertificate } from '../kernel/key-matches-certificate.js';
import { Secret } from '../kernel/secret.js';
import type { SecretSource } from './building-blocks.js';
import type { Environment } from './environment.js';
import { whyUnreadable } from './why-unreadable.js';

/** The message of this error says what was found and what is expected. */
export class UnreadableSecretError extends Error {
  override readonly name = 'UnreadableSecretError';
}

export interface ReadingFrom {
  /** The folder that relative paths refer to. */
  readonly folder: string;
  readonly env: Environment;
  /** The credentials that systemd would pass to the service. Needed by callers that do not run as the service. */
  readonly credentials?: ReadonlyMap<string, string>;
  readonly warn: (message: string) => void;
}

const MAX_BYTES = 65_536;

/** Throws UnreadableSecretError. */
export async function readSecret(source: SecretSource, from: ReadingFrom): Promise<Secret> {
  const text = await readSource(source, from);
  const trimmed = text.replace(/(\r?\n)+$/, '');
  if (trimmed === '') throw new UnreadableSecretError('found an empty secret, expected text');
  return new Secret(trimmed);
}

async function readSource(
  source: SecretSource,
  { folder, env, credentials: shown, warn }: ReadingFrom,
): Promise<string> {
  if (source.value !== undefined) return source.value;
  if (source.env !== undefined) {
    const value = env[source.env];
    if (value === undefined)
      throw new UnreadableSecretError(
        `found no environment variable ${source.env}, expected this variable to be set`,
      );
    return value;
  }
  if (source.credential !== undefined) {
    const credentials = env['CREDENTIALS_DIRECTORY'];
    if (credentials === undefined) {
      const text = shown?.get(source.credential);
      if (text !== undefined) return text;
      throw new UnreadableSecretError(
        shown === undefined
          ? 'found no $CREDENTIALS_DIRECTORY, expected a service with LoadCredential= or SetCredential='
          : `found no credential ${source.credential}, expected LoadCredential=${source.credential}:... in ` +
              'innkeeper.service, a file for it, and a command that runs as root',
      );
    }
    // systemd protects these files itself, so their mode does not matter.
    return readText(join(credentials, source.credential));
  }
  const path = resolve(folder, source.file ?? '');
  await assertPrivate(path, warn);
  return readText(path);
}

/**
 * Rejects a file that everyone can read, and warns about a file that its group can read. Throws UnreadableSecretError.
 */
export async function assertPrivate(path: string, warn: (message: string) => void): Promise<void> {
  const { mode } = await described(path, () => stat(path));
  if ((mode & 0o004) !== 0)
    throw new UnreadableSecretError(
      `found ${path} readable by everyone (mode ${octal(mode)}), expected mode 600`,
    );
  if ((mode & 0o040) !== 0) warn(`${path} is readable by its group (mode ${octal(mode)}); use mode 600`);
}

/** Throws UnreadableSecretError. */
export async function assertReadable(path: string): Promise<void> {
  const info = await described(path, () => stat(path));
  if (!info.isFile()) throw new UnreadableSecretError(`${path} is not a regular file`);
  await described(path, () => access(path, constants.R_OK));
}

/**
 * Checks a PEM file that is used for connections. A missing certificate must be reported here, because the error of a
 * failed connection would not name the file. Throws UnreadableSecretError.
 */
export async function assertCertificates(path: string): Promise<void> {
  const text = await described(path, () => readFile(path, 'utf8'));
  try {
    new X509Certificate(text);
  } catch {
    throw new UnreadableSecretError(
      `found no certificate in ${path}, expected PEM (-----BEGIN CERTIFICATE-----)`,
    );
  }
}

/** Checks that a private key matches its certificate. Throws UnreadableSecretError. */
export async function assertPair(certificate: string, key: string): Promise<void> {
  const [cert, text] = await Promise.all(
    [certificate, key].map((path) => described(path, () => readFile(path))),
  );
  if (keyMatchesCertificate(cert ?? '', text ?? '')) return;
  throw new UnreadableSecretError(
    `found ${key}, expected the private key of the certificate in ${certificate}`,
  );
}

async function readText(path: string): Promise<string> {
  const info = await described(path, () => stat(path));
  if (!info.isFile() || info.size > MAX_BYTES)
    throw new UnreadableSecretError(`found ${path}, expected a file of at most ${MAX_BYTES} bytes`);
  return described(path, () => readFile(path, 'utf8'));
}

async function described<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new UnreadableSecretError(`found ${whyUnreadable(error)} at ${path}, expected a readable file`);
  }
}

const octal = (mode: number): string => (mode & 0o777).toString(8);
