/**
 * The code that all HA methods share: it stores options as text, returns them with a digest, and merges changes into
 * them.
 */
import { createHash } from 'node:crypto';
import type { Json, JsonObject } from '../../../kernel/json.js';
import type { Properties } from '../check.js';
import type { Call } from '../cluster.js';
import { messageOf, PveError } from '../failure.js';

export const flag = { type: 'boolean', optional: 1 } as const;
export const word = { type: 'string', optional: 1 } as const;
export const count = { type: 'integer', optional: 1, minimum: 0 } as const;
export const audit = ['/', 'Sys.Audit'] as const;
export const console = ['/', 'Sys.Console'] as const;
export const change: Properties = {
  delete: { ...word, format: 'pve-configid-list', maxLength: 4096 },
  digest: { ...word, maxLength: 64 },
};

export const digestOf = (value: unknown): string =>
  createHash('sha1')
    .update(JSON.stringify(value ?? null))
    .digest('hex');

/**
 * If an error occurs while the HA configuration is locked, adds the name of the change to the beginning of its
 * message.
 */
export function prefixed<T>(change: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new PveError(500, `${change}: ${messageOf(error)}`);
  }
}

export function numbered(values: Readonly<Record<string, string>>): JsonObject {
  const shown = Object.entries(values).map(([key, value]): [string, Json] => [
    key,
    /^\d+$/.test(value) ? Number(value) : value,
  ]);
  return Object.fromEntries(shown);
}

export function merged(
  call: Call,
  known: Readonly<Record<string, string>>,
  names: readonly string[],
): Record<string, string> {
  const result = { ...known };
  for (const name of (call.values['delete'] ?? '').split(/[,;\s]+/)) Reflect.deleteProperty(result, name);
  for (const name of names) {
    const value = call.values[name];
    if (value !== undefined) result[name] = value;
  }
  // 'enabled' is an old word for 'started'
  if (result['state'] === 'enabled') result['state'] = 'started';
  return result;
}
