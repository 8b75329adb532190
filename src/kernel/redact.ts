/** Removes secrets from values that module code logs, such as the requests and responses of an API. */
import type { Json } from './json.js';
import { withoutSecrets } from './text.js';

/** Names of fields whose values are never logged. */
const SECRET_NAME =
  /passw|passwd|passphrase|(^|[^a-z])pwd|secret|token|authorization|cookie|api[-_]?key|credential|private[-_]?key|(^|[^a-z])(pin|cvv|cvc|iban)([^a-z]|$)/i;

const REDACTED = '[redacted]';

/** A copy without the values of fields with such names, and without what looks like a secret in its texts. */
export function redacted(value: Json): Json {
  if (typeof value === 'string') return withoutSecrets(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => redacted(item));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      SECRET_NAME.test(name) ? hidden(item) : redacted(item),
    ]),
  );
}

/** Whether a value is set is often what a reader wants to know, so values that hold nothing stay. */
function hidden(item: Json): Json {
  return item === null || typeof item === 'boolean' || item === '' ? item : REDACTED;
}
