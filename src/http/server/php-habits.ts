/** What PHP's arrays make of JSON: an empty object is sent as `[]`, and an optional value that is not set as `null`. */
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';

/** The body as it was meant, where the schema leaves no other meaning. */
export function asMeant(schema: TSchema): (sent: unknown) => unknown {
  if (typeOf(schema) !== 'object') return (sent) => sent;
  const properties = Object.entries(propertiesOf(schema));
  const required: unknown = Reflect.get(schema, 'required');
  const isRequired = (name: string): boolean => Array.isArray(required) && required.includes(name);
  const objects = properties.filter(([, property]) => typeOf(property) === 'object').map(([name]) => name);
  const unset = properties
    .filter(([name, property]) => !isRequired(name) && !Compile(property).Check(null))
    .map(([name]) => name);
  return (sent) => {
    if (isEmptyList(sent)) return {};
    if (typeof sent !== 'object' || sent === null || Array.isArray(sent)) return sent;
    const body: Record<string, unknown> = { ...sent };
    for (const name of objects) if (isEmptyList(body[name])) body[name] = {};
    for (const name of unset) if (body[name] === null) Reflect.deleteProperty(body, name);
    return body;
  };
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function typeOf(schema: object): unknown {
  return Reflect.get(schema, 'type');
}

function propertiesOf(schema: TSchema): Record<string, TSchema> {
  const properties: unknown = Reflect.get(schema, 'properties');
  return typeof properties === 'object' && properties !== null ? { ...properties } : {};
}
