/**
 * Finds a node with enough free capacity for another container. Capacity that is promised to containers which the
 * cluster does not show yet is treated as used.
 */
import type { Config } from '../../config/config.js';
import { AgentError } from '../../kernel/errors.js';
import type { ServiceKey } from '../../model/service.js';
import { type Held, type HoldDeps, holdsBefore, type Ordering } from './held-units.js';
import type {
  Anywhere,
  ClusterView,
  GuestDriver,
  Promised,
  Resources,
  Source,
} from '../../drivers/guest/contract.js';
import type { ContainerSource } from '../../modules/kit/host-call-types.js';
import type { ServiceStore } from '../../state/contract.js';

export interface PlacementDeps extends HoldDeps {
  readonly config: Config;
  readonly services: ServiceStore;
  readonly drivers: { readonly guest: GuestDriver };
}

export interface PlaceRequest {
  readonly resources: Resources;
  readonly source: ContainerSource;
  /** Null: every node. */
  readonly location: string | null;
  /** The nodes that have the image, if the source is an image and they are known. */
  readonly nodes?: readonly string[];
}

/**
 * Chooses the node for the container. Capacity that earlier orders need is treated as used. Capacity that is promised
 * to the order `self` is treated as free. Throws `template_missing`, `host_incomplete` or `capacity_exhausted`.
 */
export function findPlacement(
  deps: PlacementDeps,
  request: PlaceRequest,
  view: ClusterView,
  self: Ordering,
): string {
  const source = placeSourceOf(deps.config, request);
  const promised = promisedBefore(deps, source, view, self);
  const { resources, location } = request;
  return deps.drivers.guest.place({ resources, source, location, promised }, view);
}

/**
 * The number of sites of this size that can be placed without using capacity that others hold or wait for. At most
 * `most`.
 */
export function countPlaces(
  deps: PlacementDeps,
  request: PlaceRequest,
  view: ClusterView,
  most: number,
): number {
  const source = placeSourceOf(deps.config, request);
  const promised = promisedBefore(deps, source, view, { key: null, createdAt: null });
  const { resources, location } = request;
  const places = deps.drivers.guest.spread({ resources, source, location, promised }, most, view);
  return [...places.values()].reduce((sum, units) => sum + units, 0);
}

function placeSourceOf(config: Config, { source, nodes }: PlaceRequest): Source | Anywhere {
  const found = sourceOf(config, source);
  return found.kind === 'anywhere' && nodes ? { ...found, nodes } : found;
}

/**
 * For each node, the capacity that is promised to earlier orders and to containers that the view does not show yet. An
 * order that is too large for every node is skipped.
 */
function promisedBefore(
  deps: PlacementDeps,
  source: Source | Anywhere,
  view: ClusterView,
  self: Ordering,
): ReadonlyMap<string, Promised> {
  const promised = promisedTo(deps.services, view, self.key);
  const { reserved, waiting } = holdsBefore(deps, self, 'room');
  for (const held of [...reserved, ...waiting]) addHeld(deps, source, view, promised, held);
  return promised;
}

function addHeld(
  { drivers }: PlacementDeps,
  source: Source | Anywhere,
  view: ClusterView,
  promised: Map<string, Promised>,
  { memoryMb, diskGb, location, units }: Held,
): void {
  const resources = { cores: 1, swapMb: 0, memoryMb, diskGb };
  const places = drivers.guest.spread({ resources, source, location, promised }, units, view);
  for (const [node, count] of places) {
    const before = promised.get(node) ?? { memoryMb: 0, diskGb: 0 };
    promised.set(node, {
      memoryMb: before.memoryMb + count * memoryMb,
      diskGb: before.diskGb + count * diskGb,
    });
  }
}

/**
 * Converts the container source that the module names to the form that the driver expects. Throws `template_missing`
 * when no OS template is configured.
 */
export function sourceOf(config: Config, requested: ContainerSource): Source | Anywhere {
  if (requested.kind === 'image') return { kind: 'anywhere', nodes: null };
  if (requested.kind === 'template') {
    if (requested.template === undefined)
      throw new AgentError('module_failed', 'The product does not name a template.', { retryable: false });
    return { kind: 'template', name: requested.template };
  }
  const volume = config.container_host.proxmox.os_template;
  if (volume === null) {
    throw new AgentError('template_missing', 'No template is configured for this product.', {
      role: 'container host',
      detail: 'container_host.proxmox.os_template is not set',
    });
  }
  return { kind: 'os', volume };
}

function promisedTo(
  services: ServiceStore,
  view: ClusterView,
  self: ServiceKey | null,
): Map<string, Promised> {
  const shown = new Set(view.guests.map((guest) => guest.vmid));
  const promised = new Map<string, Promised>();
  for (const entry of services.entries()) {
    if (entry.node === null || entry.vmid === null || shown.has(entry.vmid) || entry.key === self) continue;
    const { memoryMb = 0, diskGb = 0 } = promised.get(entry.node) ?? {};
    promised.set(entry.node, { memoryMb: memoryMb + entry.memoryMb, diskGb: diskGb + entry.diskGb });
  }
  return promised;
}
