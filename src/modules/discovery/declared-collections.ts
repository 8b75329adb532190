/** Collects what a module declares about its collections. This code runs in the process that reads the module. */
import type { Module } from '../kit/module.js';
import { isFields } from '../../kernel/is-fields.js';

/** The answer is checked against a schema afterwards, so values of a wrong type are passed on as they are. */
export function declaredCollections(module: Module): { collections: unknown; migrations: unknown } {
  const collections: unknown = Reflect.get(module, 'collections') ?? {};
  const migrations: unknown = Reflect.get(module, 'migrations') ?? [];
  return {
    collections: isFields(collections)
      ? Object.fromEntries(Object.entries(collections).map(([name, one]) => [name, collectionOf(one)]))
      : collections,
    migrations: Array.isArray(migrations) ? migrations.map(migrationOf) : migrations,
  };
}

function collectionOf(declared: unknown): unknown {
  if (!isFields(declared)) return declared;
  return { indexes: {}, unique: {}, encrypted: [], service: false, ...declared };
}

function migrationOf(declared: unknown, index: number): unknown {
  if (!isFields(declared)) return declared;
  const { run, ...said } = declared;
  if (typeof run !== 'function') throw new Error(`its migrations.${index} has no function run`);
  return { collections: null, ...said };
}
