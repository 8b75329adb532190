/** Fills in what the agent fills in before the code of a module runs: defaults, and references to secrets. */
import { isFields } from '../../../kernel/is-fields.js';
import type { Json, JsonObject } from '../../../kernel/json.js';
import type { Module } from '../../kit/module.js';
import { withDefaults } from '../../kit/schema-defaults.js';
import type { FakeOptions } from './options.js';

export interface CompleteOptions extends FakeOptions {
  /** The data of the service that the order has set. */
  readonly ordered: JsonObject;
}

/** `seal` stores the text of a secret with this name. */
export function completeOptions(
  options: FakeOptions,
  module: Module | undefined,
  seal: (name: string, text: string) => void,
): CompleteOptions {
  const { settings = {}, plan, properties = {} } = options;
  const schemaOf = (name: string): unknown => (module ? Reflect.get(module, name) : undefined);
  const serviceData = schemaOf('serviceData');
  const filled = filledIn(serviceData, properties);
  const ordered = isFields(serviceData) ? sealed(serviceData, filled, seal) : {};
  return {
    ...options,
    settings: filledIn(module?.settings, settings),
    plan: { ...plan, data: filledIn(schemaOf('productData'), plan?.data ?? {}) },
    properties: isFields(serviceData) ? { ...properties, ...ordered } : properties,
    ordered,
  };
}

function filledIn(schema: unknown, given: JsonObject): JsonObject {
  const filled: Json | undefined = withDefaults(schema, given);
  return isFields(filled) ? filled : given;
}

/** The data with a reference in place of each field with `secret: true`. */
function sealed(
  schema: Record<string, unknown>,
  data: JsonObject,
  seal: (name: string, text: string) => void,
): JsonObject {
  const fields = isFields(schema['properties']) ? schema['properties'] : {};
  return Object.fromEntries(
    Object.entries(data).map(([name, value]): [string, Json] => {
      const field = fields[name];
      if (!isFields(field) || field['secret'] !== true || typeof value !== 'string') return [name, value];
      seal(`data.${name}`, value);
      return [name, { secret: `data.${name}` }];
    }),
  );
}
