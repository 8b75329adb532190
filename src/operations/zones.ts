/** Customers' own DNS zones: made only where their delegation names our servers, and seen only by the panel and user who made them. */
import { instant } from '../domain/clock.js';
import { parseDomain } from '../domain/domain-name.js';
import { domainId } from '../domain/domain-record.js';
import { AgentError } from '../domain/errors.js';
import { plainCall } from '../drivers/call.js';
import type { DriverCall } from '../drivers/call.js';
import type { CustomerZones, ZoneSet } from '../drivers/dns/zones.js';
import { listed } from '../drivers/lookup/routing.js';
import type { ZoneRecord } from '../state/contract.js';
import type { Caller } from './caller.js';
import type { OperationContext } from './context.js';
import { domainRules } from './domain-rules.js';

export interface ZoneView {
  readonly zone: string;
  readonly sets: readonly ZoneSet[];
}

type By = Pick<Caller, 'panel'>;
const AT_ONCE = 4;
const DEADLINE_MS = 15_000;
const MOST_ZONES = 100;

/** The ability, and a call with a deadline of its own. Throws `zones_unavailable`. */
export function zonesOf({ config, drivers }: OperationContext): { zones: CustomerZones; call: DriverCall } {
  const { zones } = drivers.dns;
  if (!zones || config.dns.name_servers.length === 0)
    throw new AgentError('zones_unavailable', 'DNS zones are not kept here.');
  return { zones, call: plainCall(AbortSignal.timeout(DEADLINE_MS)) };
}

/** Throws `zone_not_found` for a zone that is not there, or another panel's. */
export function findZone({ state }: OperationContext, { panel }: By, sent: string): ZoneRecord {
  const found = state.zones.find(domainId(sent.trim().toLowerCase().replace(/\.$/, '')));
  if (found?.panel !== panel) throw new AgentError('zone_not_found', 'There is no such zone.');
  return found;
}

/** Zones of one user with their records. Throws `zones_unavailable`, `dns_*`. */
export async function listZones(
  context: OperationContext,
  { panel }: By,
  userId: string,
): Promise<ZoneView[]> {
  const { zones, call } = zonesOf(context);
  const own = ownZones(context, panel, userId);
  const views: ZoneView[] = [];
  for (let start = 0; start < own.length; start += AT_ONCE) {
    const some = own.slice(start, start + AT_ONCE);
    views.push(
      ...(await Promise.all(some.map(async ({ zone }) => ({ zone, sets: await zones.read(zone, call) })))),
    );
  }
  return views;
}

function ownZones({ state }: OperationContext, panel: string, userId: string): ZoneRecord[] {
  return state.zones.list().filter((zone) => zone.panel === panel && zone.userId === userId);
}

/** Throws `domain_invalid`, `zone_not_here`, `zone_exists`, `zones_unavailable`, `quota_reached`, `lookup_failed`, `dns_*`, `foreign_object`. */
export async function addZone(
  context: OperationContext,
  { panel }: By,
  userId: string,
  sent: string,
): Promise<string> {
  const { zones, call } = zonesOf(context);
  const { name: zone } = parseDomain(sent, domainRules(context.config));
  const used = ownZones(context, panel, userId).length;
  if (used >= MOST_ZONES)
    throw new AgentError('quota_reached', `Zone limit reached (${used} of ${MOST_ZONES})`);
  await refuseElsewhere(context, zone);
  const id = domainId(zone);
  // Ours in the books before it is made: what a crash leaves behind can be asked for again.
  const record = await context.state.zones.commit(
    id,
    (current) => current ?? { schema: 1, id, zone, panel, userId, createdAt: instant(context.clock) },
  );
  const exists = new AgentError('zone_exists', 'Zone already exists');
  if (record.panel !== panel || record.userId !== userId) throw exists;
  const made = await zones.ensure(zone, context.config.dns.name_servers, call);
  if (!made) throw exists;
  return zone;
}

async function refuseElsewhere({ config, drivers }: OperationContext, zone: string): Promise<void> {
  const ours = config.dns.name_servers;
  const found = await drivers.lookup.nameServers(zone, { signal: AbortSignal.timeout(DEADLINE_MS) });
  if (found.length > 0 && found.every((host) => ours.includes(host))) return;
  throw new AgentError(
    'zone_not_here',
    `${zone} must have the name servers ${listed(ours)}, found ${found.length === 0 ? 'none' : listed(found)}.`,
  );
}

/** With everything in it. Throws `zone_not_found`, `zones_unavailable`, `dns_*`. */
export async function removeZone(context: OperationContext, by: By, sent: string): Promise<void> {
  const { zones, call } = zonesOf(context);
  const { id, zone } = findZone(context, by, sent);
  await zones.remove(zone, call);
  await context.state.zones.remove(id);
}
