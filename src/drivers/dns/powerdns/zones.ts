/** Customers' zones on PowerDNS: whole zones that bear our account; a zone without it is somebody else's. */
import { AgentError } from '../../../domain/errors.js';
import { type CustomerZones, ZONE_RECORD_TYPES, type ZoneRecordType, type ZoneSet } from '../zones.js';
import { failed, type PowerDnsClient, type RecordSet, type WholeZone } from './client.js';
import { fromContent, isName, toContent } from './values.js';

/** Waits for its turn: the server takes one change at a time. */
export type InTurn = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

export function powerDnsZones(client: PowerDnsClient, inTurn: InTurn, account: string): CustomerZones {
  const ours = async (zone: string, signal: AbortSignal): Promise<WholeZone> => {
    const found = await client.findZone(absolute(zone), signal);
    if (!found) throw new AgentError('zone_not_found', 'There is no such zone.', { detail: zone });
    if (found.account !== account) throw foreign(zone, found.account);
    return found;
  };
  return {
    ensure: (zone, nameServers, { signal }) =>
      inTurn(signal, async () => {
        const found = await client.findZone(absolute(zone), signal);
        if (found && found.account !== account) throw foreign(zone, found.account);
        if (found) return false;
        await client.makeZone(absolute(zone), nameServers.map(absolute), account);
        await ours(zone, signal);
        return true;
      }),
    remove: (zone, { signal }) =>
      inTurn(signal, async () => {
        const found = await client.findZone(absolute(zone), signal);
        if (!found) return;
        if (found.account !== account) throw foreign(zone, found.account);
        await client.removeZone(absolute(zone));
      }),
    read: async (zone, { signal }) => (await ours(zone, signal)).sets.flatMap(toSet),
    change: (zone, { name, type }, change, { signal }) =>
      inTurn(signal, async () => {
        const { sets } = await ours(zone, signal);
        const here = sets.filter((set) => set.name.toLowerCase() === absolute(name));
        const { ttlS, values } = change(here.flatMap(toSet));
        const rrset = { name: absolute(name), type };
        if (values.length === 0) {
          await client.change([{ ...rrset, changetype: 'DELETE' }], absolute(zone));
          return;
        }
        const records = values.map((value) => ({ content: contentOf(type, value), disabled: false }));
        await client.change([{ ...rrset, changetype: 'REPLACE', ttl: ttlS, records }], absolute(zone));
      }),
  };
}

function absolute(name: string): string {
  const bare = name.startsWith('*.') ? name.slice(2) : name;
  if (!isName(bare)) throw failed(`not a name: ${JSON.stringify(name)}`);
  return `${name}.`;
}

function contentOf(type: ZoneRecordType, value: string): string {
  try {
    return toContent(type, value);
  } catch (error) {
    throw failed(error instanceof Error ? error.message : String(error));
  }
}

function toSet(set: RecordSet): ZoneSet[] {
  const type = ZONE_RECORD_TYPES.find((known) => known === set.type);
  const live = set.records.filter(({ disabled }) => disabled !== true);
  if (type === undefined || live.length === 0) return [];
  const values = live.map(({ content }) => fromContent(type, content));
  return [{ name: set.name.toLowerCase().replace(/\.$/, ''), type, ttlS: set.ttl ?? 0, values }];
}

function foreign(zone: string, account: string): AgentError {
  return new AgentError('foreign_object', 'The DNS server has this zone for somebody else.', {
    role: 'DNS',
    detail: `${zone} bears the account ${JSON.stringify(account)}`,
  });
}
