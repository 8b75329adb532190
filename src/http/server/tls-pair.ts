/** The API's certificate and its key: what their files say, also when somebody renews them while the agent runs. */
import { readFileSync } from 'node:fs';
import { Server as HttpsServer } from 'node:https';
import type { Server } from 'node:net';
import type { Logger } from 'pino';
import type { Config } from '../../config/config.js';
import { pause } from '../../kernel/async/pause.js';
import type { Clock } from '../../kernel/clock.js';
import { keyMatchesCertificate } from '../../kernel/key-matches-certificate.js';

type Files = NonNullable<Config['api']['tls']>;

/** PEM texts that fit together. */
export interface TlsPair {
  readonly cert: string;
  readonly key: string;
}

const LOOK_MS = 60_000;

/** Throws Node's own error when a file cannot be read, and a sentence that names key and file when they are no pair. */
export function readPair(files: Files): TlsPair {
  const pair = { cert: readFileSync(files.cert_file, 'utf8'), key: readFileSync(files.key_file, 'utf8') };
  if (!pair.cert.includes('-----BEGIN CERTIFICATE-----'))
    throw new Error(`api.tls.cert_file: ${files.cert_file} holds no certificate`);
  if (!keyMatchesCertificate(pair.cert, pair.key))
    throw new Error(
      `api.tls.key_file: ${files.key_file} is not the private key of a certificate in ${files.cert_file}`,
    );
  return pair;
}

/**
 * New connections get what the files say, a minute after they change at the latest. An unusable pair is reported once
 * and left: the pair in use goes on.
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
      log.info({ file: files.cert_file }, "the API's renewed certificate is in use");
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (problem !== told) log.warn({ err: error }, "the API's certificate files cannot be used");
      told = problem;
    }
  }
}
