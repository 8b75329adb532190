/**
 * A hook that posts the message to a URL. The header `Innkeeper-Signature: t=<epoch seconds>,v1=<hex>` contains the
 * HMAC-SHA256 of `<t>.<body>`, computed with the shared secret. With it, the receiver can verify who sent the message,
 * and when. Errors and logs never contain the URL, because the URL of many services includes the password.
 */
import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Agent, request } from 'undici';
import type { Clock } from '../../../kernel/clock.js';
import type { Secret } from '../../../kernel/secret.js';
import type { Hook } from '../contract.js';

export interface WebhookConfig {
  readonly name: string;
  readonly url: Secret;
  /** The key of the signature. Null if requests are not signed. */
  readonly secret: Secret | null;
  /** The PEM file of the CA to trust, or null to use the CAs of the system. */
  readonly ca_file: string | null;
}

export function webhook({ name, url, secret, ca_file: caFile }: WebhookConfig, clock: Clock): Hook {
  return {
    name,
    async notify({ id, body }, signal) {
      const text = JSON.stringify(body);
      const signature = secret === null ? {} : { 'innkeeper-signature': sign(text, secret, clock.now()) };
      const ca = caFile === null ? undefined : await readFile(caFile, 'utf8');
      // each request uses a new connection, because alerts are rare and the first attempt must not fail on a stale
      // connection
      const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca } });
      try {
        const { statusCode } = await request(url.reveal(), {
          method: 'POST',
          body: text,
          headers: { 'content-type': 'application/json', 'innkeeper-delivery': id, ...signature },
          signal,
          dispatcher,
        });
        // redirects are not followed, because they would send the message to an address that is not configured
        if (statusCode < 200 || statusCode > 299) throw new Error(`it responded with ${statusCode}`);
      } catch (error) {
        throw new Error(`the webhook could not be notified: ${reasonOf(error)}`);
      } finally {
        await dispatcher.destroy();
      }
    },
  };
}

export function sign(text: string, secret: Secret, now: number): string {
  const time = Math.floor(now / 1000);
  const mac = createHmac('sha256', secret.reveal()).update(`${time}.${text}`).digest('hex');
  return `t=${time},v1=${mac}`;
}

/**
 * Returns the error code of the system, or the message of one of our own errors. All other messages are replaced,
 * because they may contain the URL.
 */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it could not be reached';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return code ?? (error.message.startsWith('it responded with') ? error.message : error.name);
}
