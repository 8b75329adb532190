/**
 * Copies values from other code. The copy is plain JSON of a limited size. If a value is not plain JSON, the error
 * names the place of the problem.
 */
import type { Json } from './json.js';

export interface JsonBounds {
  /** Size of the value as JSON in UTF-8. */
  readonly bytes: number;
  /** Levels of objects and arrays; default: 16. */
  readonly depth?: number;
}

/** The message names the problem and its place: `args[0].values.x is a BigInt`. */
export class NotPlainError extends Error {
  override readonly name = 'NotPlainError';
}

const DEPTH = 16;
const NAME_SHOWN = 60;

/**
 * A copy of `value` that is plain JSON. Fields with `undefined` are omitted, as in JSON. Throws NotPlainError for a
 * function, a symbol, a BigInt, a number that is not finite, an instance of a class, a key `__proto__`, a cycle, and a
 * value larger than `bounds`. `name`: the name of the value in the message.
 */
export function plainJson(value: unknown, name: string, { bytes, depth = DEPTH }: JsonBounds): Json {
  let left = bytes;
  const spend = (cost: number): void => {
    left -= cost;
    if (left < 0) throw new NotPlainError(`${name} is larger than ${bytes} bytes`);
  };

  const copy = (part: unknown, at: string, levels: number): Json => {
    if (part === null || typeof part === 'boolean') return constant(part);
    if (typeof part === 'string') return text(part);
    if (typeof part === 'number') return number(part, at);
    if (typeof part !== 'object') throw new NotPlainError(`${at} is ${kindOf(part)}`);
    // an object that contains itself is refused here too
    if (levels === 0) throw new NotPlainError(`${name} is nested deeper than ${depth} levels`);
    if (Array.isArray(part)) return list(part, at, levels);
    if (!isPlainObject(part)) throw new NotPlainError(`${at} is ${kindOf(part)}, and not a plain object`);
    return fields(part, at, levels);
  };
  const constant = <T extends boolean | null>(part: T): T => {
    spend(4);
    return part;
  };
  const text = (part: string): string => {
    // the bytes of a text that is far too long are not counted, because that takes time
    spend(part.length + 2);
    spend(Buffer.byteLength(part) - part.length);
    return part;
  };
  const number = (part: number, at: string): number => {
    if (!Number.isFinite(part)) throw new NotPlainError(`${at} is ${part}`);
    spend(String(part).length);
    return part;
  };
  const list = (part: readonly unknown[], at: string, levels: number): Json[] => {
    spend(part.length + 2);
    return Array.from(part, (item, index) => copy(item ?? null, `${at}[${index}]`, levels - 1));
  };
  const fields = (part: object, at: string, levels: number): { [key: string]: Json } => {
    spend(2);
    const copied: { [key: string]: Json } = {};
    for (const [key, item] of Object.entries(part)) {
      if (key === '__proto__') throw new NotPlainError(`${at} has a key __proto__`);
      if (item === undefined) continue;
      text(key);
      spend(2);
      copied[key] = copy(item, `${at}.${key.slice(0, NAME_SHOWN)}`, levels - 1);
    }
    return copied;
  };

  return copy(value, name, depth);
}

/** True also for plain objects that were created in another realm or that have no prototype. */
function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null) return true;
  return typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null;
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (typeof value === 'bigint') return 'a BigInt';
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`;
  const maker: unknown = Reflect.get(value, 'constructor');
  return `a ${typeof maker === 'function' && maker.name !== '' ? maker.name.slice(0, NAME_SHOWN) : 'special object'}`;
}
