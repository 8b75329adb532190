/**
 * Verifies a connection to Proxmox by a CA, or by pinned SHA-256 fingerprints of certificates. The verification ends
 * before any data is sent.
 */
import { readFileSync } from 'node:fs';
import { TLSSocket } from 'node:tls';
import { buildConnector } from 'undici';

/**
 * An error while connecting, which means that no request was delivered. `trust` is true if the certificate was the
 * problem, and false if the host did not respond.
 */
export class NotConnected extends Error {
  readonly trust: boolean;

  constructor(message: string, trust: boolean, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'NotConnected';
    this.trust = trust;
  }
}

const TRUST_CODES =
  /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_CERT|UNABLE_TO_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH_EXCEEDED)/;

function notConnected(error: Error): NotConnected {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return new NotConnected(error.message === '' ? code : error.message, TRUST_CODES.test(code), error);
}

/** Returns 64 lower-case hex digits. Throws RangeError if the text is not a SHA-256 fingerprint. */
export function parseFingerprint(text: string): string {
  const hex = text.trim().replaceAll(':', '').toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new RangeError('the fingerprint is not a SHA-256 in hex');
  return hex;
}

/**
 * Parses one or several fingerprints, separated by spaces or commas, because each node of a cluster may have a
 * separate certificate. Throws RangeError like `parseFingerprint`.
 */
export function parseFingerprints(text: string): ReadonlySet<string> {
  return new Set(
    text
      .trim()
      .split(/[\s,]+/)
      .map(parseFingerprint),
  );
}

export interface Trust {
  /** The PEM file of the CA, or null to use the CAs of the system. */
  readonly caFile: string | null;
  /**
   * The pinned fingerprints. If they are set, only the fingerprint is checked: the CA is not used, and the
   * certificate's chain, name and dates are not checked.
   */
  readonly fingerprint: string | null;
}

export function trustingConnector(trust: Trust, timeoutMs: number): buildConnector.connector {
  const pins = trust.fingerprint === null ? null : parseFingerprints(trust.fingerprint);
  const connect = buildConnector({
    timeout: timeoutMs,
    // sessions are not resumed, because the server would not send its certificate again
    maxCachedSessions: 0,
    ...(pins !== null ? { rejectUnauthorized: false } : {}),
    ...(pins === null && trust.caFile !== null ? { ca: readFileSync(trust.caFile) } : {}),
  });
  return (options, callback) => {
    connect(options, (...[error, socket]) => {
      if (error !== null) {
        callback(notConnected(error), null);
        return;
      }
      const found = socket instanceof TLSSocket ? socket.getPeerCertificate().fingerprint256 : '';
      if (pins !== null && !pins.has(parseSafely(found))) {
        socket.destroy();
        callback(
          new NotConnected(
            `the certificate's SHA-256 fingerprint is ${found}, not ${pins.size === 1 ? 'the pinned one' : 'a pinned one'}`,
            true,
          ),
          null,
        );
        return;
      }
      callback(null, socket);
    });
  };
}

function parseSafely(found: string | undefined): string {
  return (found ?? '').replaceAll(':', '').toLowerCase();
}
