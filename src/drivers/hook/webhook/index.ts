/**
 * A hook that posts the message. `Innkeeper-Signature: t=<epoch seconds>,v1=<hex>` is the HMAC-SHA256 of `<t>.<body>`
 * with the shared secret, so that the receiver can check who wrote the message, and when. The URL is kept out of
 * errors and logs, because for many services it is the password.
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
  /** Null: not signed. */
  readonly secret: Secret | null;
  /** PEM file of the CA to trust, or null for the system's. */
  readonly ca_file: string | null;
}

export function webhook({ name, url, secret, ca_file: caFile }: WebhookConfig, clock: Clock): Hook {
  return {
    name,
    async notify({ id, body }, signal) {
      const text = JSON.stringify(body);
      const signature = secret === null ? {} : { 'innkeeper-signature': sign(text, secret, clock.now()) };
      const ca = caFile === null ? undefined : await readFile(caFile, 'utf8');
      // a separate connection: alerts are rare, and a stale connection must not cost the first try
      const dispatcher = new Agent({ connect: ca === undefined ? {} : { ca } });
      try {
        const { statusCode } = await request(url.reveal(), {
          method: 'POST',
          body: text,
          headers: { 'content-type': 'application/json', 'innkeeper-delivery': id, ...signature },
          signal,
          dispatcher,
        });
        // redirects are not followed: they would send the message to an address that is not configured
        if (statusCode < 200 || statusCode > 299) throw new Error(`it answered ${statusCode}`);
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

/** A system's error code, or our own message: other messages may contain the URL. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it could not be reached';
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return code ?? (error.message.startsWith('it answered') ? error.message : error.name);
}
