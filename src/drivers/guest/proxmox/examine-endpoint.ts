/**
 * Examines a connection to an API address without sending the token: which certificate the server shows, whether the
 * certificate is trusted, and what time the server's clock shows.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { TLSSocket } from 'node:tls';
import { parseFingerprint, parseFingerprints, type Trust } from './tls.js';

export interface EndpointFacts {
  /** The SHA-256 fingerprint with colons and capital letters, as `pvenode cert info` shows it. */
  readonly fingerprint: string;
  /** RFC 3339 */
  readonly expiresAt: string;
  /** Why the certificate is not trusted, or undefined if it is trusted. */
  readonly distrust: string | undefined;
  /**
   * The time of the server minus our time, in ms. It is not exact, because the date in a response has whole seconds.
   * Undefined if the server sends no date.
   */
  readonly skewMs: number | undefined;
}

const CONNECT_MS = 5_000;

/** Rejects with the system's error if there is no response. The token is not sent. */
export function examineEndpoint(url: string, trust: Trust, signal: AbortSignal): Promise<EndpointFacts> {
  const ca = trust.fingerprint === null && trust.caFile !== null ? { ca: readFileSync(trust.caFile) } : {};
  return new Promise((resolve, reject) => {
    const asked = Date.now();
    const call = request(new URL('/', url), {
      ...ca,
      // the certificate is checked below instead, so that the result can describe the problem
      rejectUnauthorized: false,
      agent: false,
      timeout: CONNECT_MS,
      signal,
    });
    call.on('timeout', () => call.destroy(new Error(`no answer within ${CONNECT_MS / 1000} s`)));
    call.on('error', reject);
    call.on('response', (answer) => {
      answer.on('error', () => {});
      const { socket } = answer;
      const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
      if (!(socket instanceof TLSSocket) || !certificate) {
        reject(new Error('it shows no certificate'));
        return;
      }
      const date = Date.parse(answer.headers.date ?? '');
      resolve({
        fingerprint: certificate.fingerprint256,
        expiresAt: new Date(certificate.validTo).toISOString(),
        distrust: distrustOf(socket, certificate.fingerprint256, trust),
        skewMs: Number.isNaN(date) ? undefined : skew(date, asked, Date.now()),
      });
      call.destroy();
    });
    call.end();
  });
}

function distrustOf(socket: TLSSocket, found: string, trust: Trust): string | undefined {
  if (trust.fingerprint !== null)
    return parseFingerprints(trust.fingerprint).has(parseFingerprint(found))
      ? undefined
      : 'it is not the pinned one';
  return socket.authorized ? undefined : String(socket.authorizationError);
}

/**
 * Computes the skew. The date in the response has whole seconds, and the server read its clock at some time between
 * our request and the response.
 */
function skew(date: number, asked: number, answered: number): number {
  if (date + 1_000 < asked) return date + 1_000 - asked;
  return date > answered ? date - answered : 0;
}
