/** Loads the API's certificate and key, and reloads them when their files are renewed while the agent runs. */
import { readFileSync } from 'node:fs';
import { Server as HttpsServer } from 'node:https';
import type { Server } from 'node:net';
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import { pause } from '../../kernel/async/pause.js';
import type { Clock } from '../../kernel/clock.js';
import { keyMatchesCertificate } from '../../kernel/key-matches-certificate.js';

type Files = NonNullable<Config['api']['tls']>;

/** The PEM texts of a matching certificate and key. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

const LOOK_MS = 60_000;

/** Throws Node's own error if a file cannot be read, and an error that names both files if they do not match. */
export function readPair(files: Files): TlsPair {
  const pair = { cert: readFileSync(files.cert_file, 'utf8'), key: readFileSync(files.key_file, 'utf8') };
  if (!pair.cert.includes('-----BEGIN CERTIFICATE-----'))
    throw new Error(`api.tls.cert_file: ${files.cert_file} contains no certificate`);
  if (!keyMatchesCertificate(pair.cert, pair.key))
    throw new Error(
      `api.tls.key_file: ${files.key_file} is not the private key of a certificate in ${files.cert_file}`,
    );
  return pair;
}

/**
 * Reloads the files, so that new connections use them within a minute. An unusable pair is logged once, and the
 * previous pair remains in use.
 */
export async function followPair(
  server: Server,
  files: Files,
  inUse: TlsPair,
  { clock, log, stopping }: { readonly clock: Clock; readonly log: Logger; readonly stopping: AbortSignal },
): Promise<void> {
  if (!(server instanceof HttpsServer)) return;
  let served = inUse;
  let told = '';
  while (await pause(clock, LOOK_MS, stopping, true)) {
    try {
      const found = readPair(files);
      told = '';
      if (found.cert === served.cert && found.key === served.key) continue;
      server.setSecureContext(found);
      served = found;
      log.info({ file: files.cert_file }, 'the API now uses its renewed certificate');
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (problem !== told) log.warn({ err: error }, "the API's certificate files cannot be used");
      told = problem;
    }
  }
}
