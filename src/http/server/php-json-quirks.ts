/**
 * Reverses what PHP, and panels written in PHP, do to a JSON body. An empty object becomes `[]`. A list with gaps
 * becomes an object with numbered keys. An unset value becomes `null` or an empty text. A text becomes a number if the
 * panel's database stores it as a number. Spaces that a user typed before or after a value are not removed.
 */
import type { TSchema } from 'typebox';

/** Restores the body that the panel intended, if the schema permits only one interpretation. */
export function normalizePhpJson(schema: TSchema): (sent: unknown) => unknown {
  if (!typesOf(schema).has('object')) return (sent) => sent;
  const required: unknown = Reflect.get(schema, 'required');
  const rules = Object.entries(propertiesOf(schema)).map(([name, property]): Rule => ({
    name,
    types: typesOf(property),
    isRequired: Array.isArray(required) && required.includes(name),
  }));
  return (sent) => {
    if (isEmptyList(sent)) return {};
    if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) return sent;
    const body: Record<string, unknown> = { ...sent };
    for (const rule of rules) {
      if (!Object.hasOwn(body, rule.name)) continue;
      const value = meant(rule, body[rule.name]);
      if (value === undefined) Reflect.deleteProperty(body, rule.name);
      else body[rule.name] = value;
    }
    return body;
  };
}

interface Rule {
  readonly name: string;
  readonly types: ReadonlySet<string>;
  readonly isRequired: boolean;
}

/** Returns undefined if the field was not set. */
function meant({ types, isRequired }: Rule, sent: unknown): unknown {
  const value = typeof sent === 'string' ? sent.trim() : sent;
  const isUnset = value === '' || (value === null && !types.has('null'));
  if (isUnset && !isRequired) return undefined;
  if (isEmptyList(value) && types.has('object') && !types.has('array')) return {};
  if (types.has('array') && !types.has('object')) return numbered(value) ?? value;
  if (typeof value === 'number' && types.has('string') && !types.has('integer') && !types.has('number'))
    return String(value);
  return value;
}

/** Converts `{"0": "a", "2": "b"}` to a list. Returns undefined for any other value. */
function numbered(value: unknown): unknown[] | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const entries: [string, unknown][] = Object.entries(value);
  const isList = entries.length > 0 && entries.every(([key]) => /^\d{1,9}$/.test(key));
  return isList ? entries.sort(([a], [b]) => Number(a) - Number(b)).map(([, item]) => item) : undefined;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

/** The JSON types that a schema accepts, including the types of its alternatives. */
function typesOf(schema: object): ReadonlySet<string> {
  const own: unknown = Reflect.get(schema, 'type');
  const types = (Array.isArray(own) ? own : [own]).filter((type) => typeof type === 'string');
  const parts: unknown = Reflect.get(schema, 'anyOf');
  const others = Array.isArray(parts)
    ? parts.filter((part) => typeof part === 'object' && part !== null)
    : [];
  const values: unknown = Reflect.get(schema, 'enum');
  const ofValues = Array.isArray(values)
    ? values.map((value) => (value === null ? 'null' : typeof value))
    : [];
  return new Set([...types, ...ofValues, ...others.flatMap((part: object) => [...typesOf(part)])]);
}

function propertiesOf(schema: TSchema): Record<string, TSchema> {
  const properties: unknown = Reflect.get(schema, 'properties');
  return typeof properties === 'object' && properties !== null ? { ...properties } : {};
}
