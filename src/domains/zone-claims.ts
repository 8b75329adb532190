/**
 * Decides who may have a zone. A customer cannot get a zone that equals, contains or is below a name of another
 * customer.
 */
import type { Clock } from '../kernel/clock.js';
import { isBelow, slotOfName } from '../model/domain-name.js';
import { AgentError } from '../kernel/errors.js';
import type { Service, ServiceKey } from '../model/service.js';
import type { State, ZoneRecord } from '../state/contract.js';
import type { OperationContext } from '../services/context.js';

export interface ZoneOwner {
  readonly panel: string;
  readonly userId: string;
}

/**
 * If the creation of a zone was not finished after this time, another customer may request the zone. No creation that
 * is still in progress takes this long.
 */
const STALE_MS = 10 * 60_000;

export function isSameOwner(a: ZoneOwner, b: ZoneOwner): boolean {
  return a.panel === b.panel && a.userId === b.userId;
}

/**
 * Whether the service may belong to the owner of the zone. A service without a user id may belong to any user of its
 * panel.
 */
export function mayBeTheirs(zone: ZoneOwner, { panel, userId }: Pick<Service, 'panel' | 'userId'>): boolean {
  return zone.panel === panel && (userId === null || zone.userId === userId);
}

export function liveZones({ zones }: Pick<State, 'zones'>): ZoneRecord[] {
  return zones.list().filter(({ goneAt }) => goneAt === undefined);
}

export function isStale({ createdAt }: ZoneRecord, clock: Clock): boolean {
  return clock.trusted() && clock.now() - Date.parse(createdAt) > STALE_MS;
}

/** Throws `zone_exists`, `domain_taken`. */
export async function refuseOverlap(
  { state, clock }: OperationContext,
  owner: ZoneOwner,
  zone: string,
): Promise<void> {
  for (const other of liveZones(state)) {
    if (isSameOwner(other, owner) || (other.making === true && isStale(other, clock))) continue;
    if (other.zone === zone) throw new AgentError('zone_exists', 'Zone already exists');
    if (overlaps(other.zone, zone)) throw taken(zone, other.zone);
  }
  const seen = new Set<ServiceKey>();
  for (const entry of state.services.entries()) {
    const domain = entry.domains.find((one) => overlaps(slotOfName(one), zone));
    if (domain === undefined || seen.has(entry.key)) continue;
    seen.add(entry.key);
    const service = await state.services.find(entry.key);
    if (service && service.lifecycle !== 'terminated' && !mayBeTheirs(owner, service))
      throw taken(zone, domain);
  }
}

function overlaps(a: string, b: string): boolean {
  return isBelow(a, b) || isBelow(b, a);
}

function taken(zone: string, other: string): AgentError {
  const where =
    zone === other
      ? 'belongs'
      : isBelow(zone, other)
        ? `is below ${other}, which belongs`
        : `is above ${other}, which belongs`;
  return new AgentError('domain_taken', `${zone} ${where} to another customer.`);
}
