/**
 * Chooses the name, addresses and VMID of a new site. Choosing values does not reserve them; they are
 * claimed when the service is saved with them.
 */
import { firstFree } from '../model/address-pool.js';
import { chooseAddresses, poolsOf } from '../model/pool-choice.js';
import { AgentError } from '../kernel/errors.js';
import { chooseServer, type ServerRequest } from '../jobs/effects/server-choice.js';
import { exhausted, noAddress, refuseHeldSupply } from '../jobs/effects/supply.js';
import type { ClaimedAddress } from '../model/guest.js';
import type { ServerPlace } from '../model/server.js';
import type { ServiceKey } from '../model/service.js';
import type { Plan } from '../model/plan.js';
import type { Part } from '../model/part.js';
import { chooseSubdomain } from '../model/subdomain.js';
import type { SiteOrder } from './check-order.js';
import type { OperationContext } from './context.js';

export interface Allotment {
  /** Null for a product without a site. */
  readonly subdomain: string | null;
  /** Null for a product without a guest. */
  readonly guest: { readonly addresses: readonly ClaimedAddress[]; readonly vmid: number | null } | null;
  /** The place on a server; null if the service waits for one, undefined if its product uses no servers. */
  readonly server: ServerPlace | null | undefined;
  /** What the service lacks: addresses and a VMID, or a server. The service's job waits for it. */
  readonly lacks: AgentError | null;
}

/**
 * Chooses the values that the given parts of the service need, and a server for a product that uses servers. Throws
 * `name_taken` if a requested name is in use. Throws `capacity_exhausted` if addresses, numbers, names or servers are
 * used up and the order is not allowed to wait for them.
 */
export type Allocate = (
  key: ServiceKey,
  order: SiteOrder,
  product: { readonly parts: readonly Part[]; readonly plan: Plan },
  mayWait: boolean,
  wanted?: ServerRequest,
) => Allotment;

/**
 * Remembers the last choice of each kind, so that the next search starts after that choice and skips everything in use.
 */
export function makeAllocate(context: OperationContext): Allocate {
  const lastAddress = new Map<string, string>();
  let lastVmid = 0;
  const chooseGuest = (key: ServiceKey, plan: Plan): NonNullable<Allotment['guest']> => {
    const { config, state, clock, watch } = context;
    const { services, reservations } = state;
    refuseHeldSupply({ config, services, reservations, clock, watch }, { key, createdAt: null }, plan);
    const addresses = addressesFor(context, key, plan, lastAddress);
    const vmid = chooseVmid(context, key, lastVmid);
    lastVmid = vmid;
    return { addresses, vmid };
  };
  const choosePlace = (key: ServiceKey, wanted: ServerRequest): ServerPlace => {
    const { servers, services, reservations } = context.state;
    const deps = { servers, services, reservations, clock: context.clock };
    return chooseServer(deps, wanted, { key, createdAt: null });
  };
  return (key, order, { parts, plan }, mayWait, wanted) => {
    const subdomain = parts.includes('site') ? chooseName(context, key, order) : null;
    const chosen = { subdomain, guest: null, server: undefined, lacks: null };
    const without = { guest: parts.includes('guest') ? NOTHING : null, server: wanted && null };
    try {
      if (wanted) return { ...chosen, server: choosePlace(key, wanted) };
      return parts.includes('guest') ? { ...chosen, guest: chooseGuest(key, plan) } : chosen;
    } catch (error) {
      if (!mayWait || !isExhausted(error)) throw error;
      return { ...chosen, ...without, lacks: error };
    }
  };
}

const NOTHING = { addresses: [], vmid: null } as const;

export function isExhausted(error: unknown): error is AgentError {
  return error instanceof AgentError && error.code === 'capacity_exhausted';
}

function chooseName(context: OperationContext, key: ServiceKey, order: SiteOrder): string {
  const { services } = context.state;
  const isTaken = (subdomain: string): boolean => {
    const holder = services.holderOf({ subdomain });
    return holder !== undefined && holder !== key;
  };
  if (order.subdomain !== undefined) {
    if (!isTaken(order.subdomain)) return order.subdomain;
    throw new AgentError('name_taken', 'The requested subdomain belongs to another site.');
  }
  const reserved = new Set(context.config.create.reserved_names.map((name) => name.toLowerCase()));
  const found = chooseSubdomain({ localPart: order.email.localPart, serviceId: order.id, reserved }, isTaken);
  if (found === undefined) throw exhausted('No subdomain is left for this e-mail address');
  return found;
}

function addressesFor(
  context: OperationContext,
  key: ServiceKey,
  plan: Plan,
  last: Map<string, string>,
): ClaimedAddress[] {
  const { services } = context.state;
  const used = context.watch.usedAddresses();
  const isTaken = (address: string): boolean => {
    const holder = services.holderOf({ address });
    return (holder !== undefined && holder !== key) || used.has(address);
  };
  const pools = poolsOf(context.config.addresses.pools, plan);
  const chosen = chooseAddresses(pools, isTaken, (pool) => last.get(pool));
  if (!chosen) throw noAddress(pools);
  for (const { pool, address } of chosen) last.set(pool, address);
  return chosen;
}

function chooseVmid(context: OperationContext, key: ServiceKey, last: number): number {
  const { first, last: end } = context.config.container_host.proxmox.vmids;
  const found = firstFree({ first: BigInt(first), last: BigInt(end) }, BigInt(last + 1), (number) => {
    const vmid = Number(number);
    const holder = context.state.services.holderOf({ vmid });
    return (holder !== undefined && holder !== key) || context.watch.guest(vmid) !== undefined;
  });
  if (found === undefined) throw exhausted('No VMID is left for another site');
  return Number(found);
}
