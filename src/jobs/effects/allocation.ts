/**
 * Assigns the VMID and addresses that were not available when the order arrived. Also replaces a number or
 * address that a foreign container turns out to use.
 */
import { findFreeAddress, firstFree } from '../../model/address-pool.js';
import { chooseAddresses, claimOf, poolsOf } from '../../model/pool-choice.js';
import type { ClaimedAddress } from '../../model/guest.js';
import { guestOf, keyOf, type Service, withGuest } from '../../model/service.js';
import type { ClusterView } from '../../drivers/guest/contract.js';
import type { Effect } from './effect.js';
import type { Ordering } from './held-units.js';
import { exhausted, noAddress, refuseHeldSupply } from './supply.js';

export const orderingOf = (service: Service): Ordering => ({
  key: keyOf(service),
  createdAt: service.createdAt,
});

/**
 * The service with a VMID and addresses that neither another service nor the cluster uses. The service's
 * container must not exist yet. Throws `capacity_exhausted` when no number or address is left, or when the remaining
 * ones are held for other orders.
 */
export function reallocate(effect: Effect, service: Service, view: ClusterView): Service {
  const { deps } = effect;
  if (guestOf(service).vmid === null) refuseHeldSupply(deps, orderingOf(service), service.plan);
  const shown = new Set(view.guests.map((guest) => guest.vmid));
  const guest = guestOf(service);
  const vmid =
    guest.vmid === null || shown.has(guest.vmid) ? nextVmid(effect, guest.vmid, shown) : guest.vmid;
  const used = deps.watch.usedAddresses();
  const addresses =
    guest.addresses.length === 0
      ? firstAddresses(effect, service, used)
      : guest.addresses.map((claim) =>
          used.has(claim.address) ? another(effect, service, claim, used) : claim,
        );
  return withGuest(service, { vmid, addresses });
}

function firstAddresses({ deps }: Effect, { plan }: Service, used: ReadonlySet<string>): ClaimedAddress[] {
  const pools = poolsOf(deps.config.addresses.pools, plan);
  const isTaken = (address: string): boolean =>
    used.has(address) || deps.services.holderOf({ address }) !== undefined;
  const chosen = chooseAddresses(pools, isTaken);
  if (!chosen) throw noAddress(pools);
  return chosen;
}

/** The next VMID of the agent's range that no service claims and that is not in `shown`. */
export function nextVmid(
  { deps }: Effect,
  after: number | null,
  shown: ReadonlySet<number> = new Set(),
): number {
  const { first, last } = deps.config.container_host.proxmox.vmids;
  const found = firstFree(
    { first: BigInt(first), last: BigInt(last) },
    BigInt((after ?? first - 1) + 1),
    (value) => {
      const vmid = Number(value);
      return shown.has(vmid) || deps.services.holderOf({ vmid }) !== undefined;
    },
  );
  if (found === undefined) throw exhausted('No VMID is left for another site');
  return Number(found);
}

function another(
  { deps }: Effect,
  service: Service,
  claim: ClaimedAddress,
  used: ReadonlySet<string>,
): ClaimedAddress {
  const pool = deps.config.addresses.pools.find(({ name }) => name === claim.pool);
  const address =
    pool && findFreeAddress(pool, (candidate) => used.has(candidate) || isClaimed(candidate), claim.address);
  if (!pool || address === undefined) throw noAddress([{ name: claim.pool }]);
  deps.log.warn(
    { address: claim.address, instead: address, service_id: service.id, panel: service.panel },
    'a container that the agent did not create uses this address; choosing another address',
  );
  return claimOf(pool, address);

  function isClaimed(candidate: string): boolean {
    return deps.services.holderOf({ address: candidate }) !== undefined;
  }
}
