/** Converts the validated file to the configuration that the rest of the agent uses. */
import type { Plan } from '../model/plan.js';
import { Secret } from '../kernel/secret.js';
import type { Config, FromFile } from './config.js';
import { loadedValue } from './loaded.js';
import { poolOf } from './pools.js';
import { type ConfigFile, ConfigSchema } from './schema.js';

export interface Resolved {
  /** Maps the path of a secret's key (`dns.powerdns.api_key`) to the secret. */
  readonly secrets: ReadonlyMap<string, Secret>;
  readonly plans: readonly Plan[];
}

/** Paths in `file` are absolute. The result is frozen. */
export function resolveConfig(file: ConfigFile, { secrets, plans }: Resolved): Config {
  // The type is derived from the schema, so it matches what the schema describes.
  const loaded = loadedValue(ConfigSchema, file, { file, secrets }) as FromFile;
  const { plans_file: _, ...kept } = loaded;
  return deepFreeze({
    ...kept,
    addresses: { pools: file.addresses.pools.map(poolOf) },
    plans: plans.map((plan) => ({ ...plan })),
    products: file.products,
  });
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Secret || Object.isFrozen(value))
    return value;
  for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}
