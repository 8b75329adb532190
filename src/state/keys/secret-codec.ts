/**
 * Converts documents to plain JSON and back. Secrets become sealed texts, and every document that is read is frozen, so
 * that no code can accidentally change a document in memory.
 */
import { Secret } from '../../kernel/secret.js';
import { isFields } from '../../kernel/is-fields.js';

/**
 * Matches keys of plain objects that could be mistaken for a sealed secret. Such a key gets an additional `$` in the
 * file.
 */
const RESERVED = /^\$+secret$/;

type Visit = (object: Record<string, unknown>) => { value: unknown } | undefined;

function walk(value: unknown, rename: (key: string) => string, visit: Visit): unknown {
  if (Array.isArray(value))
    return Object.freeze(
      value.map((item: unknown) => (item === undefined ? null : walk(item, rename, visit))),
    );
  if (!isFields(value)) return value;
  const replaced = visit(value);
  if (replaced) return replaced.value;
  const entries: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value))
    if (item !== undefined) entries.push([rename(key), walk(item, rename, visit)]);
  // fromEntries is used instead of assignments, so that a key `__proto__` stays an ordinary key
  return Object.freeze(Object.fromEntries(entries));
}

/** A frozen deep copy without undefined values; secrets are kept as they are. */
export function frozenCopy(value: unknown): unknown {
  return walk(
    value,
    (key) => key,
    (object) => (object instanceof Secret ? { value: object } : undefined),
  );
}

/** The document as plain JSON. */
export function sealed(value: unknown, seal: (secret: Secret) => string): unknown {
  return walk(
    value,
    (key) => (RESERVED.test(key) ? `$${key}` : key),
    (object) => (object instanceof Secret ? { value: { $secret: seal(object) } } : undefined),
  );
}

/**
 * Converts freshly parsed JSON into the frozen document. The conversion changes the parsed JSON in place to save time,
 * because a start spends most of its time on this conversion. Throws what `open` throws.
 */
export function opened(value: unknown, open: (text: string) => Secret): unknown {
  if (Array.isArray(value)) {
    for (let n = 0; n < value.length; n += 1) {
      const item: unknown = value[n];
      if (typeof item === 'object') value[n] = opened(item, open);
    }
    return Object.freeze(value);
  }
  if (!isFields(value)) return value;
  if (Object.hasOwn(value, '$secret')) return openedSecret(value['$secret'], open);
  let escaped = false;
  for (const key of Object.keys(value)) {
    const item = value[key];
    // the JSON parser has already created `__proto__` as an own property, so this assignment does not set the prototype
    if (typeof item === 'object') value[key] = opened(item, open);
    escaped ||= RESERVED.test(key);
  }
  return Object.freeze(escaped ? unescaped(value) : value);
}

function openedSecret(text: unknown, open: (text: string) => Secret): Secret {
  if (typeof text !== 'string') throw new Error('a secret is not a string');
  return open(text);
}

function unescaped(value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [RESERVED.test(key) ? key.slice(1) : key, item]),
  );
}
