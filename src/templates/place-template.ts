/** Chooses where a template is built: nodes, VMID, and a temporary address. */
import type { Config } from '../config/config.js';
import { canonicalAddress, familyOf, findFreeAddress } from '../model/address-pool.js';
import { claimOf, poolsOf } from '../model/pool-choice.js';
import { AgentError } from '../kernel/errors.js';
import { plainCall } from '../drivers/shared/call.js';
import type { ClusterView, GuestDriver, NetworkAddress } from '../drivers/guest/contract.js';
import type { TemplateRecipe } from '../modules/kit/product.js';

interface TemplatePlace {
  readonly config: Config;
  readonly guest: GuestDriver;
  readonly recipe: TemplateRecipe;
  /** The OS template. */
  readonly volume: string;
}

/** True if a template on one node can be used on all nodes. */
export function isShared({ config }: Pick<TemplatePlace, 'config'>, view: ClusterView): boolean {
  const { storage } = config.container_host.proxmox;
  return view.storages.some((one) => one.storage === storage && one.shared);
}

/**
 * The nodes on which a template must be built: every allowed node that is online and has the storage. If the storage is
 * shared, this is only the node with the most free capacity. Throws `capacity_exhausted` if there is no such node.
 */
export function nodesToBuildOn(request: TemplatePlace, view: ClusterView): string[] {
  const { storage, nodes: allowed } = request.config.container_host.proxmox;
  if (isShared(request, view)) return [nodeWithRoom(request, view)];
  const holders = view.nodes.filter(
    ({ name, online }) =>
      online &&
      (allowed.length === 0 || allowed.includes(name)) &&
      view.storages.some((one) => one.storage === storage && one.node === name && one.available),
  );
  return holders.length === 0 ? [nodeWithRoom(request, view)] : holders.map(({ name }) => name).sort();
}

/**
 * Chooses a node with enough free capacity. Throws `template_missing`, or `capacity_exhausted` with the free capacity
 * of each node.
 */
export function nodeWithRoom({ guest, recipe, volume }: TemplatePlace, view: ClusterView): string {
  const source = { kind: 'os', volume } as const;
  return guest.place({ resources: recipe.resources, source, promised: new Map() }, view);
}

/**
 * The first free VMID of the range that is higher than `above`. A new template needs a higher VMID than the existing
 * ones, because containers are cloned from the template with the highest VMID.
 */
export function freeVmid(
  { config }: Pick<TemplatePlace, 'config'>,
  view: ClusterView,
  above: number | undefined,
  tried: ReadonlySet<number>,
): number {
  const { first, last } = config.container_host.proxmox.template_vmids;
  const taken = new Set(view.guests.map(({ vmid }) => vmid));
  for (let vmid = Math.max(first, (above ?? 0) + 1); vmid <= last; vmid += 1) {
    if (!taken.has(vmid) && !tried.has(vmid)) return vmid;
  }
  throw new AgentError('capacity_exhausted', 'No VMID is available for a template.', {
    detail:
      'container_host.proxmox.template_vmids ends at ' +
      `${last}${above === undefined ? '' : `, and the new VMID must be above ${above}`}`,
  });
}

/** A free address for the duration of the installation. Throws `capacity_exhausted`. */
export async function freeAddress({
  config,
  guest,
  signal,
  isClaimed,
}: Pick<TemplatePlace, 'config' | 'guest'> & {
  readonly signal: AbortSignal;
  readonly isClaimed?: (address: string) => boolean;
}): Promise<NetworkAddress> {
  const used = new Set(
    [...(await guest.usedAddresses(plainCall(signal)))].map((one) => canonicalAddress(one) ?? one),
  );
  const isTaken = (address: string): boolean => used.has(address) || isClaimed?.(address) === true;
  // Most packages are fetched over IPv4, so a pool of IPv6 addresses is used only if there is no other pool.
  const pools = poolsOf(config.addresses.pools, {}).sort((a, b) => familyOf(a) - familyOf(b));
  for (const pool of pools) {
    // The last address of the pool is preferred, because sites get addresses from the start of the pool.
    const address = findFreeAddress({ ...pool, first: pool.last }, isTaken) ?? findFreeAddress(pool, isTaken);
    if (address !== undefined) return claimOf(pool, address);
  }
  throw new AgentError('capacity_exhausted', 'No address is available for building a template.');
}
