/** Walks a value along its schema, so that checks, secrets and paths do not need to know individual keys. */
import { Type, type TSchema } from 'typebox';

export type KeyPath = readonly string[];
export type Mapping = Record<string, unknown>;

export interface Place {
  readonly path: KeyPath;
  readonly schema: TSchema;
  readonly value: unknown;
  /** Replaces the value. */
  readonly set: (value: unknown) => void;
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An annotation of the schema, for example `description`. */
export function said(schema: TSchema, name: string): unknown {
  return Reflect.get(schema, name);
}

export const isSecretSchema = (schema: TSchema): boolean => said(schema, 'isSecret') === true;

/** A mapping whose keys the operator chooses. */
export function anyNameSchema(schema: TSchema): TSchema | undefined {
  return Type.IsRecord(schema) ? Type.RecordValue(schema) : undefined;
}

/** The schema of the key with this name, or undefined if there is no such key. */
export function childSchema(schema: TSchema, name: string): TSchema | undefined {
  if (isSecretSchema(schema) || Type.IsObject(schema)) {
    const properties = Type.IsObject(schema) ? schema.properties : {};
    return Object.hasOwn(properties, name) ? properties[name] : undefined;
  }
  if (Type.IsArray(schema)) return /^\d+$/.test(name) ? schema.items : undefined;
  return anyNameSchema(schema);
}

/**
 * Yields all places in the value, outer places before inner ones. The source of a secret is one place, and its inner
 * keys are not yielded.
 */
export function* places(
  schema: TSchema,
  value: unknown,
  path: KeyPath = [],
  set: Place['set'] = () => undefined,
): Generator<Place> {
  yield { path, schema, value, set };
  if (isSecretSchema(schema)) return;
  if (Array.isArray(value)) {
    for (const [n, item] of value.entries())
      yield* under(schema, String(n), item, path, (next) => void (value[n] = next));
  } else if (isMapping(value)) {
    for (const [name, item] of Object.entries(value))
      yield* under(schema, name, item, path, (next) => void (value[name] = next));
  }
}

function* under(
  schema: TSchema,
  name: string,
  value: unknown,
  path: KeyPath,
  set: Place['set'],
): Generator<Place> {
  const child = childSchema(schema, name);
  if (child) yield* places(child, value, [...path, name], set);
}

/** The value at a path, or undefined. */
export function valueAt(value: unknown, path: KeyPath): unknown {
  return path.reduce<unknown>(
    (at, name) => (isMapping(at) && Object.hasOwn(at, name) ? at[name] : undefined),
    value,
  );
}

export function mapEntries<T, R>(
  mapping: Readonly<Record<string, T>>,
  change: (value: T, name: string) => R,
): Record<string, R> {
  return Object.fromEntries(Object.entries(mapping).map(([name, value]) => [name, change(value, name)]));
}
