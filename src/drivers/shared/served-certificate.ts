/**
 * Determines with a TLS handshake which certificate nginx really serves for a name. Only a handshake shows whether
 * nginx's workers can read the files of a certificate.
 */
import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import type { Clock } from '../../kernel/clock.js';
import { withLimit } from '../../kernel/async/with-limit.js';
import { neverAborted } from '../../kernel/async/never.js';
import { onAbort } from '../../kernel/async/on-abort.js';
import { poll } from '../../kernel/async/poll.js';

/** The addresses and the port on which the proxy accepts TLS connections. The first address is used. */
export interface TlsAddress {
  readonly listen: readonly string[];
  readonly https_port: number;
}

/**
 * Returns the SHA-256 fingerprint of the certificate that is served for the name, or undefined if the handshake
 * fails.
 */
export type ServedCertificate = (name: string) => Promise<string | undefined>;

const HANDSHAKE_MS = 3_000;
const PATIENCE_MS = 5_000;
const PAUSES = { firstMs: 10, factor: 2, longestMs: 500 };

export function fetchServedCertificate(at: TlsAddress): ServedCertificate {
  const ask = fetchCertificate(at);
  return async (name) => (await ask(name))?.fingerprint256;
}

/** Returns the certificate itself. */
export function fetchCertificate(at: TlsAddress): (name: string) => Promise<X509Certificate | undefined> {
  const [listen = '127.0.0.1'] = at.listen;
  const bare = listen.replace(/^\[(.*)\]$/, '$1');
  const host = bare === '0.0.0.0' || bare === '*' ? '127.0.0.1' : bare === '::' ? '::1' : bare;
  return (name) =>
    withLimit(neverAborted(), HANDSHAKE_MS, async (signal) => {
      // The certificate is not verified, because the check only needs to know which certificate is served.
      const socket = connect({ host, port: at.https_port, servername: name, rejectUnauthorized: false });
      try {
        return await new Promise<X509Certificate | undefined>((resolve) => {
          onAbort(signal, () => resolve(undefined));
          socket.on('error', () => resolve(undefined));
          socket.on('close', () => resolve(undefined));
          socket.on('secureConnect', () => resolve(socket.getPeerX509Certificate()));
        });
      } finally {
        socket.destroy();
      }
    });
}

/**
 * Waits until nginx serves the first certificate of `chain` for the name, and then resolves to undefined. If this does
 * not happen in time, resolves to a description of what nginx serves instead. Rejects if the signal aborts.
 */
export async function waitForCertificate(
  ask: ServedCertificate,
  name: string,
  chain: string,
  clock: Clock,
  signal: AbortSignal,
): Promise<string | undefined> {
  const wanted = new X509Certificate(chain).fingerprint256;
  let found: string | undefined;
  for await (const _ of poll({ clock, signal, pauses: PAUSES, patienceMs: PATIENCE_MS })) {
    found = await ask(name);
    if (found === wanted) return undefined;
  }
  return found ?? 'no handshake';
}
