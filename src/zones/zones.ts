/**
 * Customers' own DNS zones. A customer must prove ownership to create a zone, and only the panel and user that created
 * a zone can see it.
 */
import { inTurn } from '../kernel/async/in-turn.js';
import { instant } from '../kernel/clock.js';
import { parseDomain } from '../model/domain-name.js';
import { domainId } from '../model/custom-domain.js';
import { AgentError } from '../kernel/errors.js';
import { readHostName } from '../kernel/host-name.js';
import { abortError } from '../drivers/shared/abort.js';
import type { ZoneSet } from '../drivers/dns/contract.js';
import type { ZoneRecord } from '../state/contract.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from '../services/context.js';
import { domainRules } from '../services/domain-rules.js';
import { atNameServer, type AtNameServer } from './zone-call.js';
import { delegatedOf, proveZone } from './zone-proof.js';
import { isSameOwner, isStale, liveZones, refuseOverlap, type ZoneOwner } from '../domains/zone-claims.js';

export const ZONE_STATES = ['ready', 'making', 'missing'] as const;

export interface ZoneView {
  readonly zone: string;
  /**
   * `making`: the request that creates the zone was interrupted and can be repeated. `missing`: the DNS server no
   * longer has the zone.
   */
  readonly state: (typeof ZONE_STATES)[number];
  readonly sets: readonly ZoneSet[];
  /**
   * False if ownership was proven before the delegation, and the zone is not delegated to us yet. Such a zone is not
   * publicly visible.
   */
  readonly isDelegated: boolean;
}

export type MadeZone = Pick<ZoneView, 'zone' | 'isDelegated'>;

type By = Pick<Caller, 'panel'>;
const AT_ONCE = 4;
const MOST_ZONES = 100;
const REMEMBER_GONE_MS = 24 * 3_600_000;

/**
 * Throws `domain_invalid` for an invalid name, `zone_not_found` for a zone that does not exist, belongs to another
 * panel, or is not finished.
 */
export function findZone(context: OperationContext, by: By, sent: string): ZoneRecord {
  const found = lookUp(context, by, sent);
  if (!found || found.goneAt !== undefined) throw noSuchZone();
  if (found.making === true)
    throw new AgentError(
      'zone_not_found',
      `${found.zone} has not been fully created: request the zone again.`,
    );
  return found;
}

function lookUp({ state }: OperationContext, { panel }: By, sent: string): ZoneRecord | undefined {
  const zone = readHostName(sent);
  if (zone === undefined) throw noZoneName();
  const found = state.zones.find(domainId(zone));
  return found?.panel === panel ? found : undefined;
}

/**
 * The error for a zone name that is not valid. The agent never corrects such a name, because the corrected name could
 * be that of another zone.
 */
function noZoneName(): AgentError {
  const sentence = 'Expected the name of a zone such as example.com.';
  return new AgentError('domain_invalid', sentence, { fields: { zone: sentence } });
}

function noSuchZone(): AgentError {
  return new AgentError('zone_not_found', 'Zone not found.');
}

/** The zones of one user with their records. Throws `zones_unavailable`, `dns_*`. */
export async function listZones(context: OperationContext, by: By, userId: string): Promise<ZoneView[]> {
  return atNameServer(context, async (server) => {
    const own = await followDelegation(context, server, zonesOf(context, { panel: by.panel, userId }));
    const views: ZoneView[] = [];
    for (let start = 0; start < own.length; start += AT_ONCE)
      views.push(...(await Promise.all(own.slice(start, start + AT_ONCE).map((zone) => view(server, zone)))));
    return views.sort((a, b) => (a.zone < b.zone ? -1 : 1));
  });
}

function zonesOf(context: OperationContext, owner: ZoneOwner): ZoneRecord[] {
  return liveZones(context.state).filter((zone) => isSameOwner(zone, owner));
}

/** Adds to each zone whether it is now delegated to us. A zone that was delegated to us once is not looked up again. */
async function followDelegation(
  context: OperationContext,
  { call }: AtNameServer,
  own: readonly ZoneRecord[],
): Promise<ZoneRecord[]> {
  const open = own.filter(({ delegated }) => delegated === false).map(({ zone }) => zone);
  if (open.length === 0) return [...own];
  const found = await delegatedOf(context, open, call);
  return Promise.all(
    own.map(async (record) => (found.has(record.zone) ? noteDelegated(context, record) : record)),
  );
}

function noteDelegated({ state }: OperationContext, record: ZoneRecord): Promise<ZoneRecord> {
  return state.zones.commit(record.id, (current) => {
    // the zone was removed after it was read
    if (!current) throw noSuchZone();
    return { ...current, delegated: true };
  });
}

async function view({ zones, call }: AtNameServer, record: ZoneRecord): Promise<ZoneView> {
  const { zone, making, delegated } = record;
  const at = { zone, isDelegated: delegated !== false };
  if (making === true) return { ...at, state: 'making', sets: [] };
  try {
    return { ...at, state: 'ready', sets: await zones.read(zone, call) };
  } catch (error) {
    const gone =
      error instanceof AgentError && (error.code === 'zone_not_found' || error.code === 'foreign_object');
    if (!gone) throw error;
    return { ...at, state: 'missing', sets: [] };
  }
}

/**
 * The zone is recorded before it is created on the server. If a crash or an unresponsive server interrupts the
 * creation, the zone belongs to the caller, and the same request completes it. Throws `domain_invalid`, `domain_taken`,
 * `zone_not_here`, `zone_exists`, `zones_unavailable`, `quota_reached`, `lookup_failed`, `dns_*`, `foreign_object`.
 */
export async function addZone(
  context: OperationContext,
  { panel }: By,
  userId: string,
  sent: string,
): Promise<MadeZone> {
  return atNameServer(context, async (server) => {
    const owner = { panel, userId };
    const { name: zone } = parseDomain(sent, domainRules(context.config));
    const used = zonesOf(context, owner).filter((one) => one.zone !== zone).length;
    if (used >= MOST_ZONES)
      throw new AgentError('quota_reached', `Zone limit reached (${used} of ${MOST_ZONES})`);
    await refuseOverlap(context, owner, zone);
    const isDelegated = await proveZone(context, owner, zone, server.call);
    return oneAtATime(context, server, zone, () => make(context, server, owner, { zone, isDelegated }));
  });
}

async function make(
  context: OperationContext,
  server: AtNameServer,
  owner: ZoneOwner,
  made: MadeZone,
): Promise<MadeZone> {
  const { zone, isDelegated } = made;
  const { id, making } = await claim(context, owner, zone);
  try {
    // two concurrent requests may both have passed the first check
    await refuseOverlap(context, owner, zone);
    const isNew = await server.zones.ensure(zone, context.config.dns.name_servers, server.call);
    if (!isNew && making !== true) throw exists();
  } catch (error) {
    if (making === true && !mayPass(error)) await context.state.zones.remove(id, isMaking);
    throw error;
  }
  await context.state.zones.commit(id, (current) => ({
    ...(current ?? fresh(context, owner, zone)),
    making: false,
    delegated: isDelegated,
  }));
  return made;
}

/**
 * Runs the changes of a zone one after the other. If a zone were created and removed at the same time, the agent's
 * record of the zone could differ from the actual state on the DNS server.
 */
function oneAtATime<T>(
  { zoneTurns }: OperationContext,
  { call }: AtNameServer,
  zone: string,
  work: () => Promise<T>,
): Promise<T> {
  return inTurn(
    (next) => zoneTurns.run(domainId(zone), next),
    call.signal,
    () => abortError(call.signal, 'dns_timeout', `waiting for another change to ${zone}`),
    work,
  );
}

const isMaking = ({ making }: ZoneRecord): boolean => making === true;
const exists = (): AgentError => new AgentError('zone_exists', 'Zone already exists');

function mayPass(error: unknown): boolean {
  return !(error instanceof AgentError) || error.retryable;
}

function claim(context: OperationContext, owner: ZoneOwner, zone: string): Promise<ZoneRecord> {
  return context.state.zones.commit(domainId(zone), (current) => {
    if (!current || current.goneAt !== undefined) return fresh(context, owner, zone);
    if (isSameOwner(current, owner)) return current;
    // the zone is still empty, because nothing can be added to an unfinished zone
    if (isMaking(current) && isStale(current, context.clock)) return fresh(context, owner, zone);
    throw exists();
  });
}

function fresh({ clock }: OperationContext, owner: ZoneOwner, zone: string): ZoneRecord {
  const { panel, userId } = owner;
  return { schema: 1, id: domainId(zone), zone, panel, userId, createdAt: instant(clock), making: true };
}

/**
 * Removes the zone with its records, and resolves with the name of the zone. It is not an error if the zone was deleted
 * recently. Throws `domain_invalid`, `zone_not_found`, `zones_unavailable`, `dns_*`.
 */
export async function removeZone(context: OperationContext, by: By, sent: string): Promise<string> {
  return atNameServer(context, async (server) => {
    const wanted = lookUp(context, by, sent);
    if (!wanted) throw noSuchZone();
    await oneAtATime(context, server, wanted.zone, () => unmake(context, server, by, wanted.zone));
    await forgetGone(context);
    return wanted.zone;
  });
}

async function unmake(
  context: OperationContext,
  { zones, call }: AtNameServer,
  by: By,
  zone: string,
): Promise<void> {
  // the record is read again, because the zone may have changed while this request waited for its turn
  const found = lookUp(context, by, zone);
  if (!found) throw noSuchZone();
  if (found.goneAt !== undefined) return;
  await zones.remove(found.zone, call).catch((error: unknown) => {
    // the zone on the server now belongs to another owner, so the caller's zone no longer exists
    if (!(error instanceof AgentError && error.code === 'foreign_object')) throw error;
  });
  const { schema, id, panel, userId, createdAt } = found;
  await context.state.zones.commit(id, () => ({
    ...{ schema, id, zone, panel, userId, createdAt },
    goneAt: instant(context.clock),
  }));
}

async function forgetGone({ state, clock }: OperationContext): Promise<void> {
  const isOld = ({ goneAt }: ZoneRecord): boolean =>
    clock.trusted() && goneAt !== undefined && Date.parse(goneAt) < clock.now() - REMEMBER_GONE_MS;
  for (const { id } of state.zones.list().filter(isOld)) await state.zones.remove(id, isOld);
}
