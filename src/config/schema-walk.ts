/** Walks a value along its schema, so that checks, secrets and paths need not know single keys. */
import { Type, type TSchema } from 'typebox';

export type KeyPath = readonly string[];
export type Mapping = Record<string, unknown>;

export interface Place {
  readonly path: KeyPath;
  readonly schema: TSchema;
  readonly value: unknown;
  /** Puts another value in its place. */
  readonly set: (value: unknown) => void;
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What the schema says about itself, e.g. `description`. */
export function said(schema: TSchema, name: string): unknown {
  return Reflect.get(schema, name);
}

export const isSecretSchema = (schema: TSchema): boolean => said(schema, 'isSecret') === true;

/** A mapping with keys of the operator's choice. */
export function anyNameSchema(schema: TSchema): TSchema | undefined {
  return Type.IsRecord(schema) ? Type.RecordValue(schema) : undefined;
}

/** The schema of what lies under this name, or undefined when there is no such key. */
export function childSchema(schema: TSchema, name: string): TSchema | undefined {
  if (isSecretSchema(schema) || Type.IsObject(schema)) {
    const properties = Type.IsObject(schema) ? schema.properties : {};
    return Object.hasOwn(properties, name) ? properties[name] : undefined;
  }
  if (Type.IsArray(schema)) return /^\d+$/.test(name) ? schema.items : undefined;
  return anyNameSchema(schema);
}

/** All places that the value has, from the top down; secrets' sources are one place. */
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

/** What stands at a path, or undefined. */
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
