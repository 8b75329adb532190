/**
 * One connection to an API address, without a word of ours: which certificate it shows, whether we trust it, and what
 * time it has.
 */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { TLSSocket } from 'node:tls';
import { parseFingerprint, parseFingerprints, type Trust } from './tls.js';

export interface EndpointFacts {
  /** SHA-256, colons and capitals, as `pvenode cert info` shows it. */
  readonly fingerprint: string;
  /** RFC 3339 */
  readonly expiresAt: string;
  /** Why it is not trusted, or undefined. */
  readonly distrust: string | undefined;
  /** Its clock minus ours, in ms, as far as a date of whole seconds tells; undefined when it tells no date. */
  readonly skewMs: number | undefined;
}

const CONNECT_MS = 5_000;

/** Rejects with the system's error when nobody answers. The token is not sent. */
export function examineEndpoint(url: string, trust: Trust, signal: AbortSignal): Promise<EndpointFacts> {
  const ca = trust.fingerprint === null && trust.caFile !== null ? { ca: readFileSync(trust.caFile) } : {};
  return new Promise((resolve, reject) => {
    const asked = Date.now();
    const call = request(new URL('/', url), {
      ...ca,
      // looked at below: what is wrong with it is what we want to say
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

/** The date is that of a second somewhere between question and answer. */
function skew(date: number, asked: number, answered: number): number {
  if (date + 1_000 < asked) return date + 1_000 - asked;
  return date > answered ? date - answered : 0;
}
