/**
 * Helpers that define the fields of requests and responses. Each field has a description and a realistic example,
 * from which the API description is generated.
 */
import { type Static, type TSchema, Type } from 'typebox';

export const text = (description: string, example: string) =>
  Type.String({ description, examples: [example] });

export const whole = (description: string, example: number) =>
  Type.Integer({ description, examples: [example] });

export const flag = (description: string, example: boolean) =>
  Type.Boolean({ description, examples: [example] });

export const list = (description: string, example: readonly string[]) =>
  Type.Array(Type.String(), { description, examples: [[...example]] });

export const uuid = (description: string, example: string) =>
  Type.String({ format: 'uuid', description, examples: [example] });

/**
 * A field whose value is one word of a fixed list. The schema also contains the type `string`, because the serializer
 * is slower without it.
 */
export const word = <const T extends string>(words: readonly T[], description: string, example: NoInfer<T>) =>
  Type.Enum([...words], { type: 'string', description, examples: [example] });

/** A timestamp: RFC 3339 in UTC. */
export const instant = (description: string, example = '2026-03-01T12:00:00.000Z') =>
  Type.String({ format: 'date-time', description: `${description} RFC 3339, UTC.`, examples: [example] });

/**
 * A nullable field, only for responses. The schema contains a list of types instead of `anyOf`, because with `anyOf`
 * the serializer would run a validator for every response. The example is that of the field, unless null is more
 * realistic.
 */
export function nullable<T extends TSchema>(schema: T, example?: null) {
  const shown = example === null ? here(schema, { examples: [null] }) : schema;
  if (isEnum(schema))
    return Type.Unsafe<Static<T> | null>({
      ...shown,
      type: ['string', 'null'],
      enum: [...schema.enum, null],
    });
  return Type.Unsafe<Static<T> | null>({ ...shown, type: [Reflect.get(schema, 'type'), 'null'] });
}

function isEnum(schema: TSchema): schema is TSchema & { readonly enum: readonly unknown[] } {
  return Array.isArray(Reflect.get(schema, 'enum'));
}

/** The same field with another example. */
export function withExample<T extends TSchema>(schema: T, example: Static<T>): T {
  return here(schema, { examples: [example] });
}

/** The same field with another description. */
export function described<T extends TSchema>(schema: T, description: string): T {
  return here(schema, { description });
}

/**
 * Adds a note to a shared schema where one route uses it. The description of the schema itself stays the same for all
 * routes.
 */
function here<T extends TSchema>(schema: T, difference: object): T {
  if (!('title' in schema)) return { ...schema, ...difference };
  const before: unknown = Reflect.get(schema, 'x-here');
  const noted = typeof before === 'object' ? before : {};
  return { ...schema, 'x-here': { ...noted, ...difference } };
}
