/** Computes how many sites of a plan could be created now, based on data that the daemon already has in memory. */
import { freeSupply, type HeldSupply, heldSupply } from '../jobs/effects/supply.js';
import { holdsBefore, unitsIn } from '../jobs/effects/held-units.js';
import {
  freePlaces,
  heldPlaces,
  type ServerChoiceDeps,
  type ServerRequest,
  serverRequestOf,
} from '../jobs/effects/server-choice.js';
import { AgentError } from '../kernel/errors.js';
import type { Plan } from '../model/plan.js';
import type { OperationContext, PlacementRequest, SoldProduct } from './context.js';

/** Resources that can run out. */
export const LIMITS = ['addresses', 'vmids', 'nodes', 'template', 'servers'] as const;
export type Limit = (typeof LIMITS)[number];

export interface Capacity {
  /** Number of sites, at most 1,000. Null if the cluster was not read yet. */
  readonly available: number | null;
  /** The resources that would run out first. */
  readonly limitedBy: readonly Limit[];
  /**
   * Number of sites for which reservations hold capacity, plus the number of orders that wait for capacity. This
   * capacity is not included in `available`.
   */
  readonly reserved: number;
  readonly waiting: number;
}

export const MOST_COUNTED = 1_000;
const NO_ORDER = { key: null, createdAt: null } as const;

/**
 * A product without a container has no limit. If a template or another resource is missing, the capacity is 0; this is
 * not an error.
 */
export function capacityOf(context: OperationContext, plan: Plan, product: SoldProduct): Capacity {
  const { state, clock, watch } = context;
  const { services, reservations, servers } = state;
  if (product.declared.servers)
    return onServers({ servers, services, reservations, clock }, serverRequestOf(product.info.name, plan));
  const holds = holdsBefore({ services, reservations, clock }, NO_ORDER, 'supply');
  const reserved = unitsIn({ ...holds, waiting: [] });
  const told = { reserved, waiting: unitsIn({ ...holds, reserved: [] }) };
  const { source, parts } = product.declared;
  if (!source || !parts.includes('guest')) return { available: MOST_COUNTED, limitedBy: [], ...told };
  const view = watch.latest();
  if (!view) return { available: null, limitedBy: [], ...told };
  const held = heldSupply(context, holds, plan);
  const left = leftOf(context, plan, placementRequestOf(plan, source), view, held);
  const available = Math.min(MOST_COUNTED, ...left.map(([, count]) => count));
  const limitedBy = left.filter(([, count]) => count === available).map(([limit]) => limit);
  return { available, limitedBy: available === MOST_COUNTED ? [] : limitedBy, ...told };
}

function onServers(deps: ServerChoiceDeps, wanted: ServerRequest): Capacity {
  const available = Math.min(MOST_COUNTED, freePlaces(deps, wanted));
  const limitedBy: Limit[] = available === MOST_COUNTED ? [] : ['servers'];
  return { available, limitedBy, ...heldPlaces(deps, wanted, NO_ORDER) };
}

export function placementRequestOf(plan: Plan, source: PlacementRequest['source']): PlacementRequest {
  const { cores, memoryMb, swapMb, diskGb, location = null } = plan;
  return { resources: { cores, memoryMb, swapMb, diskGb }, source, location };
}

function leftOf(
  context: OperationContext,
  plan: Plan,
  request: PlacementRequest,
  view: NonNullable<ReturnType<OperationContext['watch']['latest']>>,
  held: HeldSupply,
): [Limit, number][] {
  const { config, state, watch } = context;
  const { addresses, vmids } = freeSupply({ config, services: state.services, watch }, plan);
  const supply: [Limit, number][] = [
    ['addresses', Math.max(0, addresses - held.addresses)],
    ['vmids', Math.max(0, vmids - held.vmids)],
  ];
  try {
    return [...supply, ['nodes', context.countRoom(request, view, MOST_COUNTED)]];
  } catch (error) {
    if (error instanceof AgentError && error.code === 'template_missing') return [...supply, ['template', 0]];
    throw error;
  }
}
