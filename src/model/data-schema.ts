/**
 * The schemas by which a module describes the data of its plans and services. They are plain JSON Schema, with two
 * keywords of the agent: `secret: true` for a text that is stored encrypted, and `transform` for the changes that are
 * made to a text before it is checked.
 */
import type { JsonObject } from '../kernel/json.js';

/** Keywords that are not allowed, because the time that they need cannot be limited. */
const REFERENCES = ['$ref', '$dynamicRef', '$recursiveRef'];
const MOST_BYTES = 65_536;
/** The changes that `transform` can make. */
export const TRANSFORMS = ['trim', 'toLowerCase', 'toUpperCase'] as const;
export type Transform = (typeof TRANSFORMS)[number];

export type DataSchema = Readonly<Record<string, unknown>>;

/** The schemas of the fields, by name. */
export function fieldsOf(schema: DataSchema): Readonly<Record<string, DataSchema>> {
  const { properties } = schema;
  return isSchema(properties) ? (properties as Readonly<Record<string, DataSchema>>) : {};
}

/** The names of the fields whose values are secrets. */
export function secretFields(schema: DataSchema): string[] {
  return Object.entries(fieldsOf(schema)).flatMap(([name, field]) =>
    isSchema(field) && field['secret'] === true ? [name] : [],
  );
}

/** Why the schema cannot be used, for operators; undefined if it can. `mayHaveSecrets`: whether secrets are allowed. */
export function schemaProblem(schema: unknown, mayHaveSecrets: boolean): string | undefined {
  if (!isSchema(schema) || schema['type'] !== 'object') return 'must have the type "object"';
  if (Buffer.byteLength(JSON.stringify(schema)) > MOST_BYTES)
    return `must not exceed ${MOST_BYTES / 1024} KiB`;
  if ('properties' in schema && !isSchema(schema['properties'])) return 'must have an object as `properties`';
  for (const [name, field] of Object.entries(fieldsOf(schema))) {
    const problem = fieldProblem(field);
    if (problem !== undefined) return `.properties.${name} ${problem}`;
  }
  const secrets = secretFields(schema);
  if (!mayHaveSecrets && secrets.length > 0) return `.properties.${secrets[0] ?? ''} must not be a secret`;
  return partProblem(schema, 0);
}

function fieldProblem(field: unknown): string | undefined {
  if (!isSchema(field)) return 'must be a schema';
  if (field['secret'] === true && field['type'] !== 'string')
    return 'must have the type "string", because it is a secret';
  if (field['secret'] === true && field['default'] !== undefined)
    return 'must not have a default, because it is a secret';
  const { transform = [] } = field;
  const isKnown =
    Array.isArray(transform) && transform.every((one) => TRANSFORMS.some((known) => known === one));
  return isKnown ? undefined : `must have a list of ${TRANSFORMS.join(', ')} as \`transform\``;
}

/** Problems that may be at any level: references, and secrets below the first level. */
function partProblem(part: unknown, level: number): string | undefined {
  if (typeof part !== 'object' || part === null) return undefined;
  if (!Array.isArray(part)) {
    const reference = REFERENCES.find((keyword) => Object.hasOwn(part, keyword));
    if (reference !== undefined) return `must not contain ${reference}`;
    if (level !== FIELD_LEVEL && Reflect.get(part, 'secret') === true)
      return 'must not contain secrets in nested objects or lists';
  }
  for (const inner of Object.values(part)) {
    const problem = partProblem(inner, level + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/** The schema itself is level 0, and `properties` is level 1. */
const FIELD_LEVEL = 2;

function isSchema(value: unknown): value is DataSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Stands for a secret in data that modules and panels see. */
export function isSecretReference(value: unknown): value is { readonly secret: string } & JsonObject {
  return isSchema(value) && typeof value['secret'] === 'string' && Object.keys(value).length === 1;
}
