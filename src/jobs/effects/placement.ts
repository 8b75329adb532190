/**
 * Where there is room for one more container, counting what is promised to containers that the cluster does not show
 * yet.
 */
import type { Config } from '../../config/config.js';
import { AgentError } from '../../kernel/errors.js';
import type { ServiceKey } from '../../model/service.js';
import type { ClusterView, GuestDriver, Promised, Resources, Source } from '../../drivers/guest/contract.js';
import type { ContainerSource } from '../../modules/kit/values.js';
import type { ServiceStore } from '../../state/contract.js';

export interface PlacementDeps {
  readonly config: Config;
  readonly services: ServiceStore;
  readonly drivers: { readonly guest: GuestDriver };
}

/**
 * The node to take. `self` is not counted against itself. Throws `template_missing`, `host_incomplete` or
 * `capacity_exhausted`.
 */
export function findPlacement(
  deps: PlacementDeps,
  request: { readonly resources: Resources; readonly source: ContainerSource },
  view: ClusterView,
  self?: ServiceKey,
): string {
  const source = sourceOf(deps.config, request.source);
  return deps.drivers.guest.place(
    { resources: request.resources, source, promised: promisedTo(deps.services, view, self) },
    view,
  );
}

/** A module's wish in the driver's words. Throws `template_missing` when no OS template is configured. */
export function sourceOf(config: Config, requested: ContainerSource): Source {
  if (requested.kind === 'template') {
    if (requested.template === undefined)
      throw new AgentError('module_failed', 'The product names no template.', { retryable: false });
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
  self: ServiceKey | undefined,
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
