/** Counts the addresses and container numbers in use, and checks whether enough are left for an order. */
import type { Config } from '../../config/config.js';
import { AgentError } from '../../kernel/errors.js';
import { type AddressPool, familyOf } from '../../model/address-pool.js';
import { type PoolUse, useOfNumbers, usesOfAddresses } from '../../model/pool-use.js';
import type { ClusterWatch } from '../../drivers/guest/contract.js';
import type { ServiceStore } from '../../state/contract.js';
import { type HoldDeps, holdsBefore, type Ordering, unitsIn } from './held-units.js';

export interface SupplyDeps extends HoldDeps {
  readonly services: Pick<ServiceStore, 'entries' | 'unfinished' | 'entry'>;
  readonly config: Pick<Config, 'addresses' | 'container_host'>;
  readonly watch: Pick<ClusterWatch, 'latest' | 'usedAddresses'>;
}

/** The usage of every pool, by services and by all other containers on the cluster. */
export function usesOfSupply({
  config,
  services,
  watch,
}: Pick<SupplyDeps, 'config' | 'services' | 'watch'>): PoolUse[] {
  const addresses = new Set(watch.usedAddresses());
  const vmids = new Set(watch.latest()?.guests.map(({ vmid }) => vmid));
  for (const entry of services.entries()) {
    for (const address of entry.addresses) addresses.add(address);
    if (entry.vmid !== null) vmids.add(entry.vmid);
  }
  return [
    ...usesOfAddresses(config.addresses.pools, addresses),
    useOfNumbers(config.container_host.proxmox.vmids, vmids),
  ];
}

export interface FreeSupply {
  /** Number of free addresses of the family that has the fewest. */
  readonly addresses: number;
  readonly vmids: number;
}

export function freeSupply(deps: Pick<SupplyDeps, 'config' | 'services' | 'watch'>): FreeSupply {
  const free = new Map(usesOfSupply(deps).map(({ pool, used, total }) => [pool, Math.max(0, total - used)]));
  const sum = (pools: readonly AddressPool[]): number =>
    pools.reduce((all, { name }) => all + (free.get(name) ?? 0), 0);
  const byFamily = ([4, 6] as const)
    .map((family) => deps.config.addresses.pools.filter((pool) => familyOf(pool) === family))
    .filter((pools) => pools.length > 0);
  return { addresses: Math.min(...byFamily.map(sum)), vmids: free.get('vmids') ?? 0 };
}

/** Throws `capacity_exhausted` when all free addresses or container numbers are held for other orders. */
export function refuseHeldSupply(deps: SupplyDeps, self: Ordering): void {
  const held = unitsIn(holdsBefore(deps, self, 'supply'));
  if (held === 0) return;
  const { addresses, vmids } = freeSupply(deps);
  const others = `${held} are held by reservations and earlier orders`;
  if (addresses <= held)
    throw exhausted('No address is left for another site', `${addresses} are free, ${others}`);
  if (vmids <= held)
    throw exhausted('No container number is left for another site', `${vmids} are free, ${others}`);
}

const RETRY_EXHAUSTED_S = 300;

/** `what` is a sentence without the full stop. */
export function exhausted(what: string, detail?: string): AgentError {
  return new AgentError('capacity_exhausted', `${what}.`, {
    role: 'container host',
    retryAfterS: RETRY_EXHAUSTED_S,
    ...(detail === undefined ? {} : { detail }),
  });
}
