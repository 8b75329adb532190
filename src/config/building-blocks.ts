/** Schemas for the kinds of values that config keys can have. */
import { Type, type Static, type TArray, type TProperties, type TSchema, type TUnsafe } from 'typebox';

/** Options of a config key, for the example file and for error messages. */
interface KeyOptions<T> {
  /** The default value. Without a default the key is required, unless it is wrapped in `optional`. */
  readonly default?: T;
  /** A description of the expected value, which error messages show after the word "expected". */
  readonly expected?: string;
  readonly unit?: string;
  /** For a key that inherits its value: the key from which it takes the value if the file does not set it. */
  readonly inherits?: Inheritance;
}

/**
 * Where a key takes its value from. `from` is the path of the other key in the file, and `as` converts the value of
 * that key.
 */
export interface Inheritance {
  readonly from: string;
  readonly as?: (value: string) => string;
}

interface TextOptions extends KeyOptions<string> {
  readonly pattern?: string;
  readonly check?: (value: string) => boolean;
  /** Converts the value to the form that the agent uses. */
  readonly normalize?: (value: string) => string;
  /** True if messages must not show the value, because an operator may have put a secret there by mistake. */
  readonly discreet?: boolean;
}

export function text(description: string, { check = () => true, ...options }: TextOptions = {}) {
  return Type.Refine(Type.String({ minLength: 1, expected: 'text', ...options, description }), check);
}

/**
 * What the agent expects to read at this path. `private file`: a file that others cannot read. `certificates`: a file
 * with at least one certificate in PEM.
 */
export type Reads = 'nothing' | 'file' | 'private file' | 'certificates';

interface PathOptions {
  readonly default?: string;
  readonly inherits?: Inheritance;
  /** For the path of a private key: the config key, in the same section, that holds the path of the certificate. */
  readonly keyOf?: string;
}

/** A path, relative to the configuration file's folder. */
export function path(description: string, reads: Reads, options: PathOptions = {}) {
  return Type.String({ minLength: 1, expected: 'a path', isPath: true, reads, ...options, description });
}

export function number(
  description: string,
  minimum: number,
  maximum: number,
  options: KeyOptions<number> = {},
) {
  const unit = options.unit === undefined ? '' : ` (${options.unit})`;
  const expected = `a whole number from ${minimum} to ${maximum}${unit}`;
  return Type.Integer({ minimum, maximum, expected, ...options, description });
}

export function flag(description: string, options: KeyOptions<boolean> = {}) {
  return Type.Boolean({ expected: 'true or false', ...options, description });
}

export function oneOf<const V extends string[]>(
  description: string,
  values: readonly [...V],
  options: KeyOptions<string> = {},
) {
  return Type.Enum(values, { expected: `one of ${values.join(', ')}`, ...options, description });
}

export function list<I extends TSchema>(
  description: string,
  items: I,
  options: { readonly default?: unknown[]; readonly minItems?: number } = {},
): TArray<I> {
  const expected =
    options.minItems === undefined ? 'a list' : `a list with at least ${options.minItems} entry`;
  return Type.Array(items, { expected, ...options, description });
}

/** A group of keys. Missing keys get their defaults. */
export function section<P extends TProperties>(description: string, properties: P) {
  return Type.Object(properties, { additionalProperties: false, default: {}, description });
}

/** A group of keys. If the group is absent, its feature is disabled. */
export function block<P extends TProperties>(description: string, properties: P) {
  return Type.Object(properties, { additionalProperties: false, description });
}

/** A mapping with names that the operator chooses. */
export function byName<V extends TSchema>(description: string, value: V) {
  return Type.Record(Type.String(), value, { default: {}, description });
}

export interface SecretSource {
  readonly file?: string;
  readonly credential?: string;
  readonly env?: string;
  readonly value?: string;
}

export const SECRET_EXPECTED = 'exactly one of {file: /path}, {credential: name}, {env: NAME}, {value: text}';

interface SecretOptions {
  /** Describes what is wrong with the secret, without quoting it. Undefined means that the text is valid. */
  readonly problem?: (text: string) => string | undefined;
}

/** A key that names the source of a secret. The secret itself is never shown. */
export function secret(description: string, { problem }: SecretOptions = {}): TUnsafe<SecretSource> {
  const forms = {
    file: Type.Optional(Type.String({ minLength: 1 })),
    credential: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9._-]+$' })),
    env: Type.Optional(Type.String({ minLength: 1 })),
    value: Type.Optional(Type.String({ minLength: 1 })),
  };
  const options = { additionalProperties: false, minProperties: 1, maxProperties: 1, problem };
  return Type.Unsafe<SecretSource>(
    Type.Object(forms, { ...options, isSecret: true, expected: SECRET_EXPECTED, description }),
  );
}

/** A key that the file may omit. The value of a missing key in the loaded configuration is null. */
export const optional = <T extends TSchema>(schema: T) => Type.Optional(schema);

/** Marks the type of a value that the file may omit but that always exists in the loaded configuration. */
export type Inherited<T> = T & { readonly '~inherited': T };

/** A key that takes the value of another key if it is missing in the file; `inherits` names the other key. */
export const inherited = <T extends TSchema>(schema: T) =>
  Type.Optional(Type.Unsafe<Inherited<Static<T>>>(schema));

export type { Static };
