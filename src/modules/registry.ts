/**
 * The products that this agent sells: each loaded product module with its checked settings from the config file.
 */
import { Value } from 'typebox/value';
import { AgentError } from '../kernel/errors.js';
import type { Json, JsonObject } from '../kernel/json.js';
import type { LoadedModules } from './loader.js';
import type { Module, ModuleInfo } from './kit/module.js';
import { Product } from './kit/product.js';

export interface RegisteredProduct {
  readonly info: ModuleInfo;
  /** Absolute path of module.js; what a worker thread imports. */
  readonly path: string;
  readonly module: Product;
  /** With defaults filled in. */
  readonly settings: JsonObject;
}

/** A problem in the config's `products`; the daemon must not start with it. */
export interface SettingsProblem {
  /** e.g. `products.wordpress.title` */
  readonly key: string;
  /** What was found and what is expected. */
  readonly problem: string;
}

export interface Products {
  list(): readonly RegisteredProduct[];
  /** Throws `unknown_module`. */
  get(name: string): RegisteredProduct;
}

/** Combines modules and settings. `problems` is empty when all settings are valid. */
export function openProducts(
  loaded: LoadedModules,
  given: Readonly<Record<string, JsonObject>>,
): { products: Products; problems: readonly SettingsProblem[] } {
  const problems: SettingsProblem[] = [];
  const byName = new Map<string, RegisteredProduct>();
  for (const { info, path, module } of loaded.modules) {
    if (!isProduct(module)) continue;
    const checked = checkSettings(module, given[info.name] ?? {});
    problems.push(...checked.problems);
    byName.set(info.name, { info, path, module, settings: checked.settings });
  }
  const broken = new Map(
    loaded.broken.filter(({ type }) => type === 'product').map((one) => [one.name, one.problem]),
  );
  for (const name of Object.keys(given).filter((key) => !byName.has(key))) {
    const why = broken.get(name);
    problems.push({
      key: `products.${name}`,
      problem:
        why === undefined
          ? `no product module has this name (available: ${[...byName.keys()].join(', ') || 'none'})`
          : `the product module cannot be used: ${why}`,
    });
  }
  return { products: lookUp(byName, broken), problems };
}

function lookUp(
  byName: ReadonlyMap<string, RegisteredProduct>,
  broken: ReadonlyMap<string, string>,
): Products {
  return {
    list: () => [...byName.values()],
    get(name) {
      const found = byName.get(name);
      if (found) return found;
      const why = broken.get(name);
      throw new AgentError('unknown_module', 'There is no such product.', {
        detail: `product "${name}"${why === undefined ? ' is not installed' : `: ${why}`}`,
      });
    },
  };
}

/** By shape, since third-party modules may be bundled with their own copy of the base class. */
function isProduct(module: Module): module is Product {
  return (
    module instanceof Product ||
    (module.info.type === 'product' &&
      ['createJob', 'source', 'template'].every((name) => typeof Reflect.get(module, name) === 'function') &&
      Array.isArray(Reflect.get(module, 'parts')))
  );
}

/**
 * The settings with defaults filled in, and their problems. Unknown keys are refused if the schema says so.
 */
export function checkSettings(
  module: Module,
  given: JsonObject,
): { settings: JsonObject; problems: SettingsProblem[] } {
  const settings = Value.Default(module.settings, structuredClone(given));
  const base = `products.${module.info.name}`;
  const problems = Value.Errors(module.settings, settings)
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
      return [
        {
          key: [base, ...at].join('.'),
          problem: `found ${show(found)}, but it ${error.message}${allowed(error.params)}`,
        },
      ];
    });
  return { settings: isJsonObject(settings) ? settings : {}, problems };
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

function isJsonObject(value: unknown): value is { [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
