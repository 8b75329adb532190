/** Where a template is made: on which nodes, under which number, with which address lent to it meanwhile. */
import type { Config } from '../config/config.js';
import { canonicalAddress, familyOf, findFreeAddress } from '../model/address-pool.js';
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

/** The storage brings a template of one node to all. */
export function isShared({ config }: Pick<TemplatePlace, 'config'>, view: ClusterView): boolean {
  const { storage } = config.container_host.proxmox;
  return view.storages.some((one) => one.storage === storage && one.shared);
}

/**
 * Every allowed node that is there and holds the storage; of a shared storage the roomiest. Throws
 * `capacity_exhausted` when there is none.
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

/** Throws `capacity_exhausted` with each node's figures, or `template_missing`. */
export function nodeWithRoom({ guest, recipe, volume }: TemplatePlace, view: ClusterView): string {
  const source = { kind: 'os', volume } as const;
  return guest.place({ resources: recipe.resources, source, promised: new Map() }, view);
}

/**
 * The first free number of the range; above `above`, because of several templates the one with the highest number is
 * cloned.
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
  throw new AgentError('capacity_exhausted', 'No container number is left for a template.', {
    detail: `container_host.proxmox.template_vmids ends at ${last}${above === undefined ? '' : `, and the new one must be above ${above}`}`,
  });
}

/** An address nobody has, for the time of the installation. Throws `capacity_exhausted`. */
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
  // Most packages are fetched over IPv4; a pool of IPv6 only serves where there is no other.
  const pools = [...config.addresses.pools].sort((a, b) => familyOf(a) - familyOf(b));
  for (const pool of pools) {
    // The last one is the farthest from where sites get theirs.
    const address = findFreeAddress({ ...pool, first: pool.last }, isTaken) ?? findFreeAddress(pool, isTaken);
    if (address !== undefined) return { address, prefix: pool.prefix, gateway: pool.gateway };
  }
  throw new AgentError('capacity_exhausted', 'No address is left for building a template.');
}
