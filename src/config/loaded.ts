/**
 * Converts the content of the file to the values that the agent uses: secrets are read, absent keys are null or
 * inherited. The type is derived from the schema, so no key is declared twice.
 */
import { Type, type TSchema } from 'typebox';
import type { Secret } from '../kernel/secret.js';
import type { Inheritance, SecretSource } from './building-blocks.js';
import {
  anyNameSchema,
  isMapping,
  isSecretSchema,
  type KeyPath,
  mapEntries,
  said,
  valueAt,
} from './schema-walk.js';

/** The type of a file's value after loading. */
export type Loaded<T> = T extends { readonly '~inherited': infer V }
  ? V
  : IsSecret<T> extends true
    ? Secret
    : T extends readonly (infer I)[]
      ? Loaded<I>[]
      : T extends object
        ? { [K in keyof T]-?: LoadedKey<T, K> }
        : T;

type IsSecret<T> = [T] extends [SecretSource] ? ([SecretSource] extends [T] ? true : false) : false;

type LoadedKey<T, K extends keyof T> = string extends K
  ? Loaded<T[K]>
  : Exclude<T[K], undefined> extends { readonly '~inherited': infer V }
    ? V
    : undefined extends T[K]
      ? Loaded<Exclude<T[K], undefined>> | null
      : Loaded<T[K]>;

export interface LoadedFrom {
  /** The complete file, validated, with defaults filled in. */
  readonly file: unknown;
  /** Maps the path of a secret's key (`dns.powerdns.api_key`) to the secret. */
  readonly secrets: ReadonlyMap<string, Secret>;
}

/** `value` is the value at `path` in the file. It has already been validated against the schema. */
export function loadedValue(schema: TSchema, value: unknown, from: LoadedFrom, path: KeyPath = []): unknown {
  const under = (child: TSchema, inner: unknown, name: string): unknown =>
    loadedValue(child, inner, from, [...path, name]);
  if (value === undefined) return inheritedValue(schema, from.file);
  if (isSecretSchema(schema)) return secretAt(path.join('.'), from);
  if (Array.isArray(value))
    return Type.IsArray(schema) ? value.map((item, n) => under(schema.items, item, String(n))) : value;
  if (!isMapping(value)) return normal(schema, value);
  if (Type.IsObject(schema))
    return mapEntries(schema.properties, (child, name) => under(child, value[name], name));
  const each = anyNameSchema(schema);
  return each ? mapEntries(value, (inner, name) => under(each, inner, name)) : value;
}

function secretAt(key: string, { secrets }: LoadedFrom): Secret {
  const found = secrets.get(key);
  if (!found) throw new Error(`the secret ${key} was not read`);
  return found;
}

function inheritedValue(schema: TSchema, file: unknown): unknown {
  const inherits = said(schema, 'inherits') as Inheritance | undefined;
  if (!inherits) return null;
  const value = valueAt(file, inherits.from.split('.'));
  return inherits.as && typeof value === 'string' ? inherits.as(value) : value;
}

function normal(schema: TSchema, value: unknown): unknown {
  const normalize = said(schema, 'normalize') as ((value: string) => string) | undefined;
  return normalize && typeof value === 'string' ? normalize(value) : value;
}
