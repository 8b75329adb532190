/**
 * Manages customers' zones on PowerDNS. The agent owns a zone, with all its records, if the zone has the configured
 * account. A zone with another account or without an account belongs to another owner.
 */
import { neverAborted } from '../../../kernel/async/never.js';
import { AgentError } from '../../../kernel/errors.js';
import { RECORD_TYPES } from '../../../model/zone-record.js';
import type { CustomerZones, HiddenSet, ZoneContents, ZoneSet } from '../contract.js';
import {
  failed,
  noSuchZone,
  type PowerDnsClient,
  type RecordSet,
  type RecordSetChange,
  refusedContent,
  unproven,
  type WholeZone,
} from './client.js';
import { fromContent, isName, toContent } from './record-content.js';

/** Waits until no other change is in progress, because the server accepts one change at a time. */
export type InTurn = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

export function powerDnsZones(client: PowerDnsClient, inTurn: InTurn, account: string): CustomerZones {
  const find = async (zone: string, signal: AbortSignal): Promise<WholeZone | undefined> => {
    const found = await client.findZone(absolute(zone), signal);
    if (found && found.account !== account) throw foreign(zone, found.account);
    return found;
  };
  const ours = async (zone: string, signal: AbortSignal): Promise<WholeZone> => {
    const found = await find(zone, signal);
    if (!found) throw noSuchZone(zone);
    return found;
  };
  return {
    ensure: (zone, nameServers, { signal }) =>
      inTurn(signal, async () => {
        if (await find(zone, signal)) return false;
        try {
          await settled(
            () => client.makeZone(absolute(zone), nameServers.map(absolute), account),
            async (look) => (await find(zone, look)) !== undefined,
          );
        } catch (error) {
          // another client created the zone between our read and our request
          const isThere = error instanceof AgentError && error.code === 'zone_exists';
          if (isThere && (await find(zone, signal))) return false;
          throw error;
        }
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
    read: async (zone, { signal }) => contentsOf((await ours(zone, signal)).sets).sets,
    change: (zone, change, { signal }) =>
      inTurn(signal, async () => {
        const { sets } = await ours(zone, signal);
        const wanted = change(contentsOf(sets));
        const at = absolute(wanted.name);
        const current = sets.find(({ name, type }) => name.toLowerCase() === at && type === wanted.type);
        await settled(
          () => client.change([changeTo(wanted, current)], absolute(zone)),
          async (look) => stands(wanted, await client.read(at, look, absolute(zone))),
        ).catch((error: unknown) => {
          throw asRecordError(error);
        });
      }),
  };
}

/**
 * If the server has rejected a value that the customer entered, converts the error, because the server has not failed.
 */
function asRecordError(error: unknown): unknown {
  if (!(error instanceof AgentError)) return error;
  const { detail = '' } = error;
  if (error.code === 'foreign_object')
    return new AgentError('record_exists', 'This record conflicts with another record of the same name.', {
      role: 'DNS',
      detail,
    });
  const said = refusedContent(error);
  if (said === undefined) return error;
  const sentence = `The DNS server does not accept this record: ${said.replace(/\.$/, '')}.`;
  return new AgentError('record_invalid', sentence, { role: 'DNS', detail });
}

/**
 * Sends a change and then reads the zone. The read is needed because neither an acknowledgement nor a lost response
 * shows whether the change took effect.
 */
async function settled(
  change: () => Promise<void>,
  stands: (signal: AbortSignal) => Promise<boolean>,
): Promise<void> {
  // the read has a separate deadline, because it is needed even if the caller has stopped
  const look = (): Promise<boolean> => stands(neverAborted());
  try {
    await change();
  } catch (error) {
    const silent = error instanceof AgentError && error.code === 'dns_unreachable';
    if (silent && (await look().catch(() => false))) return;
    throw error;
  }
  if (!(await look())) throw unproven('the change was acknowledged, but is not visible');
}

/**
 * Replaces the served values with the wanted values. A REPLACE removes all records of the set that it does not
 * contain, so the records that must be kept are sent as well. These records are sent exactly as the server returned
 * them, so that the spelling of other clients' records does not change.
 */
function changeTo({ name, type, ttlS, values }: ZoneSet, current: RecordSet | undefined): RecordSetChange {
  const at = { name: absolute(name), type };
  const known = (current?.records ?? []).map(({ content, disabled }) => ({
    content,
    disabled: disabled === true,
    value: fromContent(type, content),
  }));
  // if a requested value exists but is disabled, it is enabled
  const kept = known.filter(({ disabled, value }) => disabled !== values.includes(value));
  const added = values.filter((value) => !kept.some((one) => !one.disabled && one.value === value));
  const records = [
    ...kept.map(({ content, disabled }) => ({ content, disabled })),
    ...added.map((value) => ({ content: contentOf(type, value), disabled: false })),
  ];
  if (records.length === 0) return { ...at, changetype: 'DELETE' };
  return { ...at, changetype: 'REPLACE', ttl: ttlS, records };
}

/** Returns true if the server serves every value that was sent, with the time to live that was sent. */
function stands({ type, values, ttlS }: ZoneSet, found: readonly RecordSet[]): boolean {
  const set = contentsOf(found).sets.find((one) => one.type === type);
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

function contentsOf(found: readonly RecordSet[]): ZoneContents {
  const sets: ZoneSet[] = [];
  const hidden: HiddenSet[] = [];
  for (const set of found) {
    const name = set.name.toLowerCase().replace(/\.$/, '');
    const type = RECORD_TYPES.find((known) => known === set.type);
    const live = set.records.filter(({ disabled }) => disabled !== true);
    if (type === undefined || live.length < set.records.length)
      hidden.push({ name, type: set.type, isServed: type === undefined && live.length > 0 });
    if (type === undefined || live.length === 0) continue;
    const values = live.map(({ content }) => fromContent(type, content));
    sets.push({ name, type, ttlS: set.ttl ?? 0, values: [...new Set(values)] });
  }
  return { sets, hidden };
}

function foreign(zone: string, account: string): AgentError {
  return new AgentError('foreign_object', 'This zone belongs to another account of the DNS server.', {
    role: 'DNS',
    detail: `${zone} has the account ${JSON.stringify(account)}`,
  });
}
