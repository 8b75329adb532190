/** Finds and describes all differences between a value and the schema. */
import { Type, type TObject, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { ConfigProblem } from './error.js';
import { anyNameSchema, isMapping, isSecretSchema, said, type KeyPath, type Mapping } from './schema-walk.js';

/** The text for a value in an error message. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

export function expectedBy(schema: TSchema): string {
  const expected = said(schema, 'expected');
  if (typeof expected === 'string') return expected;
  return Type.IsObject(schema) || Type.IsRecord(schema) ? 'keys with values' : 'a different value';
}

export function problemsOf(schema: TSchema, value: unknown, path: KeyPath = []): ConfigProblem[] {
  const wrong = (found: string): ConfigProblem[] => [
    { key: path.join('.'), problem: `found ${found}, expected ${expectedBy(schema)}` },
  ];
  if (isSecretSchema(schema))
    return Value.Check(schema, value) ? [] : wrong('a different value (not shown, because it may be secret)');
  if (Type.IsObject(schema)) return isMapping(value) ? inObject(schema, value, path) : wrong(shown(value));
  if (Type.IsArray(schema)) {
    if (!Array.isArray(value)) return wrong(shown(value));
    const count = Value.Check({ ...schema, items: {} }, value) ? [] : wrong(`${value.length} entries`);
    return [...count, ...value.flatMap((item, n) => problemsOf(schema.items, item, [...path, String(n)]))];
  }
  const each = anyNameSchema(schema);
  if (each) {
    if (!isMapping(value)) return wrong(shown(value));
    return Object.entries(value).flatMap(([name, item]) => problemsOf(each, item, [...path, name]));
  }
  if (Value.Check(schema, value)) return [];
  return wrong(
    said(schema, 'discreet') === true
      ? 'a different text (not shown, because it may contain a secret)'
      : shown(value),
  );
}

function inObject(schema: TObject, value: Mapping, path: KeyPath): ConfigProblem[] {
  const known = Object.keys(schema.properties);
  const unknown = Object.keys(value)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      key: [...path, name].join('.'),
      problem: `unknown key, expected one of ${known.join(', ')}`,
    }));
  const inside = Object.entries(schema.properties).flatMap(([name, child]) => {
    const at = [...path, name];
    if (Object.hasOwn(value, name)) return problemsOf(child, value[name], at);
    if (Type.IsOptional(child)) return [];
    return [{ key: at.join('.'), problem: `found nothing, expected ${expectedBy(child)}` }];
  });
  return [...unknown, ...inside];
}
