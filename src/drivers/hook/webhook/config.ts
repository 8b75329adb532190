/** The keys of an entry of `alerts.hooks` that is a URL. */
import { optional, path, secret } from '../../../config/building-blocks.js';

export const webhookKeys = {
  url: optional(
    secret('URL that the alert is posted to as JSON; https only.', {
      problem: (text) =>
        isHookUrl(text) ? undefined : 'found something else, expected a URL that begins with https://',
    }),
  ),
  secret: optional(
    secret(
      'Key that signs the requests to the URL (HMAC-SHA256, header Innkeeper-Signature); empty = ' +
        'unsigned.',
    ),
  ),
  ca_file: optional(
    path("PEM file of the CA to trust for the URL; empty = the system's CAs.", 'certificates'),
  ),
};

/**
 * Returns whether the URL is allowed. Plain HTTP is allowed only on loopback, for relays on this machine and for
 * tests.
 */
function isHookUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return (
    protocol === 'https:' || (protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(hostname))
  );
}
