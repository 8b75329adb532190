/** Fills in the values of `default` in a JSON Schema. */
import type { Json, JsonObject } from '../../kernel/json.js';
import { isFields } from '../../kernel/is-fields.js';

/**
 * Fills in the values of `default`, also below `properties` and `items`. TypeBox does this only for its own schemas,
 * but a module may use plain JSON Schema.
 */
export function withDefaults(schema: unknown, value: Json | undefined): Json | undefined {
  if (!isFields(schema)) return value;
  if (value === undefined) {
    const preset = schema['default'];
    return preset === undefined ? undefined : withDefaults(schema, structuredClone(preset) as Json);
  }
  if (Array.isArray(value)) return value.map((item) => withDefaults(schema['items'], item) ?? item);
  if (!isJsonObject(value) || !isFields(schema['properties'])) return value;
  const filled = Object.entries(schema['properties']).flatMap(([key, inner]): [string, Json][] => {
    const complete = withDefaults(inner, Object.hasOwn(value, key) ? value[key] : undefined);
    return complete === undefined ? [] : [[key, complete]];
  });
  return { ...value, ...Object.fromEntries(filled) };
}

function isJsonObject(value: unknown): value is JsonObject {
  return isFields(value);
}
