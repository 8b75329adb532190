/** Counts the addresses and VMIDs in use, and checks whether enough are left for an order. */
import type { Config } from '../../config/config.js';
import { AgentError } from '../../kernel/errors.js';
import type { AddressPool } from '../../model/address-pool.js';
import type { Plan } from '../../model/plan.js';
import { byFamily, byNetwork, poolsOf } from '../../model/pool-choice.js';
import { type PoolUse, useOfNumbers, usesOfAddresses } from '../../model/pool-use.js';
import type { ClusterWatch } from '../../drivers/guest/contract.js';
import type { ServiceStore } from '../../state/contract.js';
import { type Held, type HoldDeps, type Holds, holdsBefore, type Ordering, unitsIn } from './held-units.js';

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
  /** Number of guests of the plan for which the plan's pools have addresses. */
  readonly addresses: number;
  readonly vmids: number;
}

type FreeDeps = Pick<SupplyDeps, 'config' | 'services' | 'watch'>;

/** Counts the usage once. The result says what is left for guests of a plan. */
export function freeSupplies(deps: FreeDeps): (plan: Pick<Plan, 'pools'>) => FreeSupply {
  const free = new Map(usesOfSupply(deps).map(({ pool, used, total }) => [pool, Math.max(0, total - used)]));
  const sum = (pools: readonly AddressPool[]): number =>
    pools.reduce((all, { name }) => all + (free.get(name) ?? 0), 0);
  const inNetwork = (pools: readonly AddressPool[]): number => Math.min(...byFamily(pools).map(sum));
  return (plan) => ({
    addresses: byNetwork(poolsOf(deps.config.addresses.pools, plan))
      .map(inNetwork)
      .reduce((all, one) => all + one, 0),
    vmids: free.get('vmids') ?? 0,
  });
}

export function freeSupply(deps: FreeDeps, plan: Pick<Plan, 'pools'>): FreeSupply {
  return freeSupplies(deps)(plan);
}

/** Number of guests that other orders need before a guest of the plan can be created. */
export interface HeldSupply {
  /** Only of orders that need addresses from the same pools. */
  readonly addresses: number;
  readonly vmids: number;
}

export function heldSupply(
  { config }: Pick<SupplyDeps, 'config'>,
  { reserved, waiting }: Holds,
  plan: Pick<Plan, 'pools'>,
): HeldSupply {
  const { pools } = config.addresses;
  const own = poolsOf(pools, plan);
  const competes = ({ pools: names }: Held): boolean =>
    poolsOf(pools, names ? { pools: names } : {}).some((pool) => own.includes(pool));
  const unitsOf = (holds: readonly Held[]): number => unitsIn({ reserved: holds, waiting: [] });
  const all = [...reserved, ...waiting];
  return { addresses: unitsOf(all.filter(competes)), vmids: unitsOf(all) };
}

/** Throws `capacity_exhausted` when all free addresses or VMIDs are held for other orders. */
export function refuseHeldSupply(deps: SupplyDeps, self: Ordering, plan: Pick<Plan, 'pools'>): void {
  const held = heldSupply(deps, holdsBefore(deps, self, 'supply'), plan);
  if (held.vmids === 0) return;
  const free = freeSupply(deps, plan);
  const others = (count: number): string => `${count} are held by reservations and earlier orders`;
  if (held.addresses > 0 && free.addresses <= held.addresses)
    throw exhausted(NO_ADDRESS, `${free.addresses} are free, ${others(held.addresses)}`);
  if (free.vmids <= held.vmids)
    throw exhausted('No VMID is left for another site', `${free.vmids} are free, ${others(held.vmids)}`);
}

const NO_ADDRESS = 'No address is left for another site';

export function noAddress(pools: readonly Pick<AddressPool, 'name'>[]): AgentError {
  return exhausted(NO_ADDRESS, `pools: ${pools.map(({ name }) => name).join(', ') || 'none'}`);
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
