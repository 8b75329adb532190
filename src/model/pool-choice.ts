/** Chooses the addresses of a guest from the pools of its plan. */
import { type AddressPool, type Family, familyOf, findFreeAddress } from './address-pool.js';
import type { ClaimedAddress, PoolNetwork } from './guest.js';
import type { Plan } from './plan.js';

/** The pools from which guests of the plan get their addresses. */
export function poolsOf<P extends AddressPool>(
  pools: readonly P[],
  { pools: names }: Pick<Plan, 'pools'>,
): P[] {
  return pools.filter((pool) => (names ? names.includes(pool.name) : pool.plans_only !== true));
}

/** The pools of each network, in the order of the configuration. A guest has addresses of one network only. */
export function byNetwork<P extends AddressPool>(pools: readonly P[]): P[][] {
  const networks = new Map<string, P[]>();
  for (const pool of pools) {
    const name = JSON.stringify(networkOf(pool) ?? null);
    networks.set(name, [...(networks.get(name) ?? []), pool]);
  }
  return [...networks.values()];
}

/** The pools of each family that has any. */
export function byFamily<P extends AddressPool>(pools: readonly P[]): P[][] {
  const families: readonly Family[] = [4, 6];
  return families
    .map((family) => pools.filter((pool) => familyOf(pool) === family))
    .filter((ofFamily) => ofFamily.length > 0);
}

/**
 * One free address of each family of the first network that has all of them; undefined if there is no such network.
 * `after` is the address of a pool after which the search begins.
 */
export function chooseAddresses(
  pools: readonly AddressPool[],
  isTaken: (address: string) => boolean,
  after: (pool: string) => string | undefined = () => undefined,
): ClaimedAddress[] | undefined {
  for (const network of byNetwork(pools)) {
    const chosen = byFamily(network).map((ofFamily) => firstOf(ofFamily, isTaken, after));
    const found = chosen.filter((one) => one !== undefined);
    if (found.length === chosen.length) return found;
  }
  return undefined;
}

function firstOf(
  pools: readonly AddressPool[],
  isTaken: (address: string) => boolean,
  after: (pool: string) => string | undefined,
): ClaimedAddress | undefined {
  for (const pool of pools) {
    const address = findFreeAddress(pool, isTaken, after(pool.name));
    if (address !== undefined) return claimOf(pool, address);
  }
  return undefined;
}

export function claimOf(pool: AddressPool, address: string): ClaimedAddress {
  const { name, prefix, gateway } = pool;
  const network = networkOf(pool);
  return { pool: name, address, prefix, gateway, ...(network ? { network } : {}) };
}

/** The networks of pools that have a network of their own. */
export function networksOf(pools: readonly AddressPool[]): PoolNetwork[] {
  return pools.map(networkOf).filter((network) => network !== undefined);
}

function networkOf({ bridge = null, vlan = null }: AddressPool): PoolNetwork | undefined {
  return bridge === null && vlan === null ? undefined : { bridge, vlan };
}
