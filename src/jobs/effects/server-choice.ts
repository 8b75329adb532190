/**
 * Chooses the server of an order: an active one of the module and the group, with room left, that has the fewest
 * accounts. The places that services hold are counted, also those of changes that are being written, so two orders
 * never get the last place.
 */
import { AgentError } from '../../kernel/errors.js';
import type { Clock } from '../../kernel/clock.js';
import type { Plan } from '../../model/plan.js';
import type { PoolUse } from '../../model/pool-use.js';
import { isHolding, type Reservation } from '../../model/reservation.js';
import { groupOf, type Server, type ServerPlace } from '../../model/server.js';
import type { ServiceKey } from '../../model/service.js';
import type { DocumentStore, ServiceEntry, ServiceStore } from '../../state/contract.js';
import type { Ordering } from './held-units.js';

export interface ServerChoiceDeps {
  readonly servers: Pick<DocumentStore<Server>, 'list'>;
  readonly services: Pick<ServiceStore, 'unfinished' | 'entry' | 'placesOn'>;
  readonly reservations: Pick<DocumentStore<Reservation>, 'list'>;
  readonly clock: Pick<Clock, 'now'>;
}

export interface ServerRequest {
  /** Name of the product module. */
  readonly module: string;
  readonly group: string;
}

export const serverRequestOf = (module: string, plan: Pick<Plan, 'serverGroup'>): ServerRequest => ({
  module,
  group: groupOf(plan),
});

/** The number of accounts on a server, also of orders whose account is not created yet. */
export function accountsOn({ services }: Pick<ServerChoiceDeps, 'services'>, { id }: Server): number {
  return services.placesOn(id).size;
}

/** The number of further accounts that a server can take. */
export function roomOn(deps: Pick<ServerChoiceDeps, 'services'>, server: Server): number {
  if (!server.active) return 0;
  if (server.maxAccounts === null) return Number.POSITIVE_INFINITY;
  return Math.max(0, server.maxAccounts - accountsOn(deps, server));
}

/** The number of accounts that reservations and earlier orders need. */
export interface HeldPlaces {
  readonly reserved: number;
  readonly waiting: number;
}

/** Throws `capacity_exhausted` if no server has room, or if the room is held for other orders. */
export function chooseServer(deps: ServerChoiceDeps, request: ServerRequest, self: Ordering): ServerPlace {
  const servers = serversFor(deps, request).filter((server) => roomOn(deps, server) > 0);
  const room = servers.reduce((sum, server) => sum + roomOn(deps, server), 0);
  const { reserved, waiting } = heldPlaces(deps, request, self);
  const [first] = servers.sort(
    (a, b) => accountsOn(deps, a) - accountsOn(deps, b) || (a.name < b.name ? -1 : 1),
  );
  if (!first || room <= reserved + waiting)
    throw new AgentError('capacity_exhausted', 'No server has room for another account.', {
      role: 'agent',
      retryAfterS: RETRY_S,
      detail:
        `servers of product/${request.module} in the group ${request.group}: ${room} free places, ` +
        `${reserved + waiting} of them are held by reservations and earlier orders`,
    });
  return { id: first.id, place: firstFree(deps.services.placesOn(first.id)) };
}

const RETRY_S = 300;

export function serversFor(
  { servers }: Pick<ServerChoiceDeps, 'servers'>,
  { module, group }: ServerRequest,
): Server[] {
  return servers.list().filter((server) => server.module.name === module && server.group === group);
}

/** The number of orders that the servers of a group can take now; infinite if a server has no limit. */
export function freePlaces(deps: ServerChoiceDeps, request: ServerRequest): number {
  const room = serversFor(deps, request).reduce((sum, server) => sum + roomOn(deps, server), 0);
  const { reserved, waiting } = heldPlaces(deps, request, NO_ORDER);
  return Math.max(0, room - reserved - waiting);
}

/** The use of each group of servers whose number of accounts is limited. Inactive servers do not count. */
export function usesOfServers(deps: Pick<ServerChoiceDeps, 'servers' | 'services'>): PoolUse[] {
  const uses = new Map<string, PoolUse>();
  const unlimited = new Set<string>();
  for (const server of deps.servers.list()) {
    if (!server.active) continue;
    const { module, group, maxAccounts } = server;
    const pool = `servers ${module.type}/${module.name} ${group}`;
    if (maxAccounts === null) unlimited.add(pool);
    const { used = 0, total = 0 } = uses.get(pool) ?? {};
    uses.set(pool, { pool, used: used + accountsOn(deps, server), total: total + (maxAccounts ?? 0) });
  }
  return [...uses.values()].filter(({ pool }) => !unlimited.has(pool));
}

const NO_ORDER: Ordering = { key: null, createdAt: null };

export function heldPlaces(deps: ServerChoiceDeps, request: ServerRequest, self: Ordering): HeldPlaces {
  const now = deps.clock.now();
  const holding = deps.reservations
    .list()
    .filter((one) => isHolding(one, now) && isFor(request, one.plan.module, groupOf(one.plan)));
  const taken = new Set(holding.flatMap(({ takenBy }) => takenBy));
  const isLacking = (key: ServiceKey): boolean => {
    const entry = deps.services.entry(key);
    return key !== self.key && (entry === undefined || lacks(entry));
  };
  const reserved = holding.reduce(
    (sum, { count, takenBy }) => sum + count - takenBy.length + takenBy.filter(isLacking).length,
    0,
  );
  // an order with a reservation does not wait for other orders
  if (self.key !== null && taken.has(self.key)) return { reserved, waiting: 0 };
  let waiting = 0;
  for (const entry of deps.services.unfinished())
    if (!taken.has(entry.key) && isFor(request, entry.module, entry.serverGroup) && isBefore(entry, self))
      waiting += 1;
  return { reserved, waiting };
}

/** A reservation of a plan that names no module cannot be for servers. */
function isFor(request: ServerRequest, module: string | undefined, group: string): boolean {
  return module === request.module && group === request.group;
}

function isBefore(entry: ServiceEntry, { key, createdAt }: Ordering): boolean {
  const isWaiting =
    entry.lifecycle === 'creating' &&
    lacks(entry) &&
    entry.openJobs.some(({ method }) => method === 'create');
  if (!isWaiting || entry.key === key) return false;
  return createdAt === null || `${entry.createdAt} ${entry.key}` <= `${createdAt} ${key ?? ''}`;
}

function lacks({ lifecycle, hasServer, server }: ServiceEntry): boolean {
  return hasServer && server === null && (lifecycle === 'creating' || lifecycle === 'failed');
}

function firstFree(taken: ReadonlySet<number>): number {
  for (let place = 1; ; place += 1) if (!taken.has(place)) return place;
}
