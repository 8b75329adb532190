/**
 * The shape of a loaded configuration. Names, units and nesting are those of the YAML file, and the schema describes
 * each key. The configuration is frozen, its paths are absolute, and its secrets are already read. A key that is
 * missing in the file has its default value, or null.
 */
import type { Plan } from '../model/plan.js';
import type { JsonObject } from '../kernel/json.js';
import type { Loaded } from './loaded.js';
import type { ConfigFile } from './schema.js';

/** The keys that the schema describes. */
export type FromFile = Loaded<Omit<ConfigFile, 'addresses' | 'plans' | 'products'>>;

export interface Config extends Omit<FromFile, 'plans_file'> {
  addresses: { pools: PoolConfig[] };
  /** The plans from the configuration file or the plans file. If neither has plans, these are the built-in plans. */
  plans: Plan[];
  /** The settings of each product, by product name. The product's module validates them with its own schema. */
  products: Record<string, JsonObject>;
}

type PoolEntry = ConfigFile['addresses']['pools'][number];

/** The first and last address that may be assigned, inclusive. Both have the same family. */
export type PoolConfig = Pick<PoolEntry, 'name' | 'prefix' | 'gateway'> & {
  first: string;
  last: string;
  bridge?: string | null;
  vlan?: number | null;
  plans_only?: boolean;
};

export type ProxmoxConfig = Config['container_host']['proxmox'];
export type SshConfig = NonNullable<Config['exec']['ssh']>;
export type DomainsConfig = Config['domains'];
