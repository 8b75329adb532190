/**
 * Computes the capacity that an order must leave free for reservations, and for earlier orders that have not received
 * their capacity yet.
 */
import type { Clock } from '../../kernel/clock.js';
import { isHolding, type Reservation } from '../../model/reservation.js';
import type { ServiceKey } from '../../model/service.js';
import type { Promised } from '../../drivers/guest/contract.js';
import type { DocumentStore, ServiceEntry, ServiceStore } from '../../state/contract.js';

export interface HoldDeps {
  readonly services: Pick<ServiceStore, 'unfinished' | 'entry'>;
  readonly reservations: Pick<DocumentStore<Reservation>, 'list'>;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * The order for which the capacity is computed. If `key` is null, there is no order, and the capacity of all
 * reservations and waiting orders is included. If `createdAt` is null, the order is being placed now.
 */
export interface Ordering {
  readonly key: ServiceKey | null;
  readonly createdAt: string | null;
}

/** Capacity for a number of sites of the same size. */
export interface Held extends Promised {
  readonly units: number;
  /** The pools and the location that the plan names; null if it names none. */
  readonly pools: readonly string[] | null;
  readonly location: string | null;
}

/** What the order still lacks. `supply`: addresses and a VMID. `room`: a node with free capacity. */
export type Stage = 'supply' | 'room';

export interface Holds {
  readonly reserved: readonly Held[];
  readonly waiting: readonly Held[];
}

/**
 * The capacity that this order must leave free. An order with a reservation may use capacity before earlier orders that
 * have no reservation, because the capacity was held for it.
 */
export function holdsBefore(deps: HoldDeps, self: Ordering, stage: Stage): Holds {
  const now = deps.clock.now();
  const holding = deps.reservations.list().filter((one) => isHolding(one, now));
  const taken = new Set(holding.flatMap(({ takenBy }) => takenBy));
  const lacks = (entry: ServiceEntry | undefined): boolean => entry === undefined || isUnserved(entry, stage);
  const reserved = holding.map(({ plan, count, takenBy }): Held => {
    const left = takenBy.filter((key) => key !== self.key && lacks(deps.services.entry(key)));
    const units = count - takenBy.length + left.length;
    const { memoryMb, diskGb, pools = null, location = null } = plan;
    return { memoryMb, diskGb, pools, location, units };
  });
  const isReserved = self.key !== null && taken.has(self.key);
  const waiting = isReserved ? [] : waitingBefore(deps, self, stage, taken);
  return { reserved: reserved.filter(({ units }) => units > 0), waiting };
}

export function unitsIn({ reserved, waiting }: Holds): number {
  return [...reserved, ...waiting].reduce((sum, { units }) => sum + units, 0);
}

function waitingBefore(
  { services }: HoldDeps,
  { key: self, createdAt }: Ordering,
  stage: Stage,
  taken: ReadonlySet<ServiceKey>,
): Held[] {
  const bySize = new Map<string, Held>();
  for (const entry of services.unfinished()) {
    const { key, memoryMb, diskGb, pools, location } = entry;
    if (key === self || taken.has(key) || !isWaiting(entry, stage)) continue;
    if (createdAt !== null && `${entry.createdAt} ${key}` > `${createdAt} ${self ?? ''}`) continue;
    const size = JSON.stringify([memoryMb, diskGb, pools, location]);
    bySize.set(size, { memoryMb, diskGb, pools, location, units: (bySize.get(size)?.units ?? 0) + 1 });
  }
  return [...bySize.values()];
}

function isWaiting(entry: ServiceEntry, stage: Stage): boolean {
  const isOrdered = entry.hasGuest && entry.lifecycle === 'creating';
  return isOrdered && isUnserved(entry, stage) && entry.openJobs.some(({ method }) => method === 'create');
}

/**
 * Whether an order still lacks its capacity. The result is also true for an order that failed and was undone, because
 * the order needs the same capacity when it is placed again.
 */
function isUnserved({ lifecycle, vmid, node }: ServiceEntry, stage: Stage): boolean {
  if (lifecycle !== 'creating' && lifecycle !== 'failed') return false;
  return (stage === 'supply' ? vmid : node) === null;
}
