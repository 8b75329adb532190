/** The order of an index: texts that sort as the values do. */
import type { Json } from '../../kernel/json.js';
import type { Secret } from '../../kernel/secret.js';
import { type CollectionData, COLLECTION_LIMITS } from '../../model/collection.js';

/** Ends a value. No encoded value contains it. */
const END = '\u0000';

/** A value that an index cannot contain. */
export class NotIndexableError extends Error {
  override readonly name = 'NotIndexableError';
}

/**
 * The values of the fields as one text. Null and missing sort before false, true, numbers and texts. Texts sort by
 * their UTF-16 code units. Throws NotIndexableError for an object, a list or a text that is too long.
 */
export function indexText(fields: readonly string[], data: CollectionData): string {
  return fields.map((field) => valueText(field, data[field])).join('');
}

/** The same for the first values of an index. */
export function prefixText(fields: readonly string[], values: readonly Json[]): string {
  return values.map((value, index) => valueText(fields[index] ?? '', value)).join('');
}

/** True if all fields are null or missing: a unique index ignores such a document. */
export function isEmpty(fields: readonly string[], data: CollectionData): boolean {
  return fields.every((field) => (data[field] ?? null) === null);
}

function valueText(field: string, value: Json | Secret | undefined): string {
  if (value === undefined || value === null) return `0${END}`;
  if (typeof value === 'boolean') return `${value ? '2' : '1'}${END}`;
  if (typeof value === 'number') return `3${numberText(value)}${END}`;
  if (typeof value !== 'string')
    throw new NotIndexableError(`${field} is indexed, so it must be a string, a number, true, false or null`);
  if (value.length > COLLECTION_LIMITS.indexedText)
    throw new NotIndexableError(
      `${field} is indexed, so it may have at most ${COLLECTION_LIMITS.indexedText} characters`,
    );
  return `4${value.replaceAll('\u0001', '\u0001\u0002').replaceAll(END, '\u0001\u0001')}${END}`;
}

/** 16 hexadecimal digits that sort as the numbers do. */
function numberText(value: number): string {
  const view = new DataView(new ArrayBuffer(8));
  // -0 equals 0
  view.setFloat64(0, value === 0 ? 0 : value);
  const bits = view.getBigUint64(0);
  const SIGN = 1n << 63n;
  const ordered = bits & SIGN ? ~bits & (SIGN * 2n - 1n) : bits | SIGN;
  return ordered.toString(16).padStart(16, '0');
}
