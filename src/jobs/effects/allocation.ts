/**
 * Takes other numbers and addresses where those given out at the order turn out to be used by something that is not
 * ours.
 */
import { findFreeAddress, firstFree } from '../../model/address-pool.js';
import { AgentError } from '../../kernel/errors.js';
import type { ClaimedAddress } from '../../model/guest.js';
import { guestOf, keyOf, type Service, withGuest } from '../../model/service.js';
import type { ClusterView } from '../../drivers/guest/contract.js';
import type { Effect } from './effect.js';

/**
 * The service with a number and addresses that neither another service nor the cluster has. The container does not
 * exist yet.
 */
export function reallocate(effect: Effect, service: Service, view: ClusterView): Service {
  const { deps } = effect;
  const shown = new Set(view.guests.map((guest) => guest.vmid));
  const guest = guestOf(service);
  const vmid =
    guest.vmid === null || shown.has(guest.vmid) ? nextVmid(effect, guest.vmid, shown) : guest.vmid;
  const used = deps.watch.usedAddresses();
  const addresses = guest.addresses.map((claim) =>
    used.has(claim.address) ? another(effect, service, claim, used) : claim,
  );
  return withGuest(service, { vmid, addresses });
}

/** The next number of our range that no service claims and that is not in `shown`. */
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
  if (found === undefined) throw exhausted('No container number is left.');
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
  if (!pool || address === undefined) throw exhausted('No address is left.');
  deps.log.warn(
    { address: claim.address, instead: address, service: keyOf(service) },
    'the address is used by a foreign container; taking another',
  );
  return { pool: pool.name, address, prefix: pool.prefix, gateway: pool.gateway };

  function isClaimed(candidate: string): boolean {
    return deps.services.holderOf({ address: candidate }) !== undefined;
  }
}

function exhausted(message: string): AgentError {
  return new AgentError('capacity_exhausted', message, { role: 'container host' });
}
