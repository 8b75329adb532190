/** Customers' zones on PowerDNS: whole zones that bear our account; a zone without it is somebody else's. */
import { neverAborted } from '../../../kernel/async/never.js';
import { AgentError } from '../../../kernel/errors.js';
import { RECORD_TYPES } from '../../../model/zone-record.js';
import type { CustomerZones, ZoneSet } from '../contract.js';
import { failed, type PowerDnsClient, type RecordSet, unproven, type WholeZone } from './client.js';
import { fromContent, isName, toContent } from './values.js';

/** Waits for its turn: the server takes one change at a time. */
export type InTurn = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

export function powerDnsZones(client: PowerDnsClient, inTurn: InTurn, account: string): CustomerZones {
  const find = async (zone: string, signal: AbortSignal): Promise<WholeZone | undefined> => {
    const found = await client.findZone(absolute(zone), signal);
    if (found && found.account !== account) throw foreign(zone, found.account);
    return found;
  };
  const ours = async (zone: string, signal: AbortSignal): Promise<WholeZone> => {
    const found = await find(zone, signal);
    if (!found) throw new AgentError('zone_not_found', 'There is no such zone.', { detail: zone });
    return found;
  };
  return {
    ensure: (zone, nameServers, { signal }) =>
      inTurn(signal, async () => {
        if (await find(zone, signal)) return false;
        await settled(
          () => client.makeZone(absolute(zone), nameServers.map(absolute), account),
          async (look) => (await find(zone, look)) !== undefined,
        );
        return true;
      }),
    remove: (zone, { signal }) =>
      inTurn(signal, async () => {
        if (!(await find(zone, signal))) return;
        await settled(
          () => client.removeZone(absolute(zone)),
          async (look) => (await find(zone, look)) === undefined,
        );
      }),
    read: async (zone, { signal }) => (await ours(zone, signal)).sets.flatMap(toSet),
    change: (zone, change, { signal }) =>
      inTurn(signal, async () => {
        const { sets } = await ours(zone, signal);
        const wanted = change(sets.flatMap(toSet));
        await settled(
          () => client.change([changeTo(wanted)], absolute(zone)),
          async (look) => stands(wanted, await client.read(absolute(wanted.name), look, absolute(zone))),
        );
      }),
  };
}

/** Believes neither a promise nor a silence: what stands in the zone decides. */
async function settled(
  change: () => Promise<void>,
  stands: (signal: AbortSignal) => Promise<boolean>,
): Promise<void> {
  // the look has a deadline of its own, and must be taken although the caller has gone
  const look = (): Promise<boolean> => stands(neverAborted());
  try {
    await change();
  } catch (error) {
    const silent = error instanceof AgentError && error.code === 'dns_unreachable';
    if (silent && (await look().catch(() => false))) return;
    throw error;
  }
  if (!(await look())) throw unproven('the change was acknowledged, but cannot be seen');
}

function changeTo({ name, type, ttlS, values }: ZoneSet) {
  const at = { name: absolute(name), type };
  if (values.length === 0) return { ...at, changetype: 'DELETE' as const };
  const records = values.map((value) => ({ content: contentOf(type, value), disabled: false }));
  return { ...at, changetype: 'REPLACE' as const, ttl: ttlS, records };
}

/** Every value that was sent, its time to live included. */
function stands({ type, values, ttlS }: ZoneSet, found: readonly RecordSet[]): boolean {
  const set = found.flatMap(toSet).find((one) => one.type === type);
  const text = (list: readonly string[]): string => JSON.stringify([...list].sort());
  return text(set?.values ?? []) === text(values) && (set?.ttlS ?? ttlS) === ttlS;
}

function absolute(name: string): string {
  const bare = name.startsWith('*.') ? name.slice(2) : name;
  if (!isName(bare)) throw failed(`not a name: ${JSON.stringify(name)}`);
  return `${name}.`;
}

function contentOf(type: ZoneSet['type'], value: string): string {
  try {
    return toContent(type, value);
  } catch (error) {
    throw failed(error instanceof Error ? error.message : String(error));
  }
}

function toSet(set: RecordSet): ZoneSet[] {
  const type = RECORD_TYPES.find((known) => known === set.type);
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
