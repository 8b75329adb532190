/**
 * Checks a module's settings with its schema. The check runs in the process that reads the module, because the schema
 * comes from the module and the check may never end.
 */
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { JsonObject } from '../../kernel/json.js';
import { ruleText } from '../../model/rule-texts.js';
import { type DataSchema, isSecretReference, secretFields } from '../../model/data-schema.js';
import { withDefaults } from '../kit/schema-defaults.js';

/** A problem with a setting in the section `products` of the configuration. */
export interface SettingsProblem {
  /** e.g. `products.wordpress.title` */
  readonly key: string;
  /** The value that was found and the value that is expected. */
  readonly problem: string;
}

/**
 * Returns the settings with defaults filled in, and their problems. Unknown keys are a problem only if the schema
 * forbids them. `base` is the path of the settings in the configuration.
 */
export function checkSettings(
  schema: TSchema,
  base: string,
  given: JsonObject,
): { settings: JsonObject; problems: SettingsProblem[] } {
  const settings = withDefaults(schema, structuredClone(given));
  // the text of such a secret was checked when it was set
  const references = secretFields(schema as DataSchema).filter((field) => isSecretReference(given[field]));
  const isChecked = (path: string): boolean => references.some((field) => path.split('/')[1] === field);
  const problems = Value.Errors(schema, settings)
    .filter(({ instancePath }) => !isChecked(instancePath))
    .filter((error) => !(error.keyword === 'boolean' && error.schemaPath.endsWith('additionalProperties')))
    .flatMap((error) => {
      const at = error.instancePath.split('/').slice(1);
      const extra = unknownKeys(error.params);
      if (extra.length > 0) {
        return extra.map((key) => ({
          key: [base, ...at, key].join('.'),
          problem: 'unknown setting',
        }));
      }
      const found = Value.Pointer.Get(settings, error.instancePath);
      const own = ownText(schema, error);
      return [
        {
          key: [base, ...at].join('.'),
          problem: `found ${show(found)}, but it ${own ?? `${error.message}${allowed(error.params)}`}`,
        },
      ];
    });
  return { settings: isJsonObject(settings) ? settings : {}, problems };
}

/** The module's own message for the rule. Operators read English. */
function ownText(
  schema: TSchema,
  { keyword, schemaPath, params }: { keyword: string; schemaPath: string; params: object },
): string | undefined {
  const parent: unknown = Value.Pointer.Get(schema, schemaPath.replace(/^#/, '').replace(/\/[^/]*$/, ''));
  const whole: unknown = Value.Pointer.Get(schema, schemaPath.replace(/^#/, ''));
  const values = params as Readonly<Record<string, unknown>>;
  return ruleText(whole, keyword, values) ?? ruleText(parent, keyword, values);
}

function unknownKeys(params: object): string[] {
  const keys: unknown = Reflect.get(params, 'additionalProperties');
  return Array.isArray(keys) ? keys.map(String) : [];
}

function allowed(params: object): string {
  const values: unknown = Reflect.get(params, 'allowedValues');
  return Array.isArray(values) ? ` (${values.join(', ')})` : '';
}

function show(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}

function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
