/**
 * The shape of a loaded configuration: names, units and nesting are those of the YAML file, and the schema's sentences
 * say what they mean. Frozen; paths are absolute; secrets already read; what the file leaves out is its default, or
 * null.
 */
import type { Plan } from '../model/plan.js';
import type { JsonObject } from '../kernel/json.js';
import type { Loaded } from './loaded.js';
import type { ConfigFile } from './schema.js';

/** What the schema says. */
export type FromFile = Loaded<Omit<ConfigFile, 'addresses' | 'plans' | 'products'>>;

export interface Config extends Omit<FromFile, 'plans_file'> {
  addresses: { pools: PoolConfig[] };
  /** From the file, the file of plans, or the shipped ones. */
  plans: Plan[];
  /** product name -> its settings, checked by the module's own schema. */
  products: Record<string, JsonObject>;
}

type PoolEntry = ConfigFile['addresses']['pools'][number];

/** First and last address given out, inclusive; both of one family. */
export type PoolConfig = Omit<PoolEntry, 'range' | 'first' | 'last'> & { first: string; last: string };

export type ProxmoxConfig = Config['container_host']['proxmox'];
export type SshConfig = NonNullable<Config['exec']['ssh']>;
export type DomainsConfig = Config['domains'];
