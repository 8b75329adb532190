/**
 * Examines one connection to an API address without sending our token: which certificate it shows, whether we trust
 * it, and the time of its clock.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { TLSSocket } from 'node:tls';
import { parseFingerprint, parseFingerprints, type Trust } from './tls.js';

export interface EndpointFacts {
  /** SHA-256 with colons and capitals, as `pvenode cert info` shows it. */
  readonly fingerprint: string;
  /** RFC 3339 */
  readonly expiresAt: string;
  /** Why it is not trusted, or undefined. */
  readonly distrust: string | undefined;
  /** Its clock minus ours in ms, as far as a date in whole seconds shows it; undefined if it sends no date. */
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
      // checked below, because the result must say what is wrong with it
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

/** The date is that of a second between request and response. */
function skew(date: number, asked: number, answered: number): number {
  if (date + 1_000 < asked) return date + 1_000 - asked;
  return date > answered ? date - answered : 0;
}
