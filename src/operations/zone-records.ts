/** Records of customers' zones, one at a time; the DNS server keeps them in sets. */
import { AgentError } from '../domain/errors.js';
import { PROXY_WORD, readRecord, recordId, type RecordWish, refused } from '../domain/zone-record.js';
import type { ZoneRecordType, ZoneSet } from '../drivers/dns/zones.js';
import type { Caller } from './caller.js';
import type { OperationContext } from './context.js';
import { findZone, zonesOf } from './zones.js';

export interface RecordView {
  readonly id: string;
  readonly type: ZoneRecordType;
  readonly name: string;
  readonly ttlS: number;
  /** Bare; `PROXYSRV` where it is all the proxy's addresses of the family. */
  readonly value: string;
}

type By = Pick<Caller, 'panel'>;
const MOST_VALUES = 100;

/** One view per record; the proxy's addresses together are one. */
export function viewRecords(sets: readonly ZoneSet[], proxy: readonly string[]): RecordView[] {
  return sets.flatMap(({ name, type, ttlS, values }) =>
    grouped(type, values, proxy).map(({ value }) => ({
      id: recordId(type, name, value),
      ...{ type, name, ttlS, value },
    })),
  );
}

/** What is shown as one record, and the values that it stands for. */
function grouped(
  type: ZoneRecordType,
  values: readonly string[],
  proxy: readonly string[],
): { value: string; stands: readonly string[] }[] {
  const ours = proxy.filter((address) => address.includes(':') === (type === 'AAAA'));
  const isProxy =
    (type === 'A' || type === 'AAAA') && ours.length > 0 && ours.every((address) => values.includes(address));
  const rest = isProxy ? values.filter((value) => !ours.includes(value)) : values;
  return [
    ...(isProxy ? [{ value: PROXY_WORD, stands: ours }] : []),
    ...rest.map((value) => ({ value, stands: [value] })),
  ];
}

/** Throws `zone_not_found`, `record_invalid`, `record_exists`, `zones_unavailable`, `dns_*`. */
export async function addRecord(
  context: OperationContext,
  by: By,
  zoneSent: string,
  wish: RecordWish & { readonly ttlS: number | undefined },
): Promise<RecordView> {
  const { zones, call } = zonesOf(context);
  const { zone } = findZone(context, by, zoneSent);
  const proxy = context.config.proxy.public_addresses;
  const { type, name, values } = readRecord(wish, zone, proxy);
  const ttlS = wish.ttlS ?? context.config.dns.ttl_s;
  await zones.change(
    zone,
    { name, type },
    (sets) => {
      refuseClash(sets, type, name);
      const known = sets.find((set) => set.type === type)?.values ?? [];
      const fresh = values.filter((value) => !known.includes(value));
      if (fresh.length === 0) throw new AgentError('record_exists', 'Record already exists');
      if (known.length + fresh.length > MOST_VALUES)
        throw refused(
          `There are ${known.length} records of type ${type} at ${name} already, which is the most.`,
        );
      return { ttlS, values: [...known, ...fresh] };
    },
    call,
  );
  const isProxy = wish.ip?.trim().toUpperCase() === PROXY_WORD;
  const value = isProxy ? PROXY_WORD : (values[0] ?? '');
  return { id: recordId(type, name, value), type, name, ttlS, value };
}

/** An alias tolerates nothing beside it, and is one. */
function refuseClash(sets: readonly ZoneSet[], type: ZoneRecordType, name: string): void {
  const clash = type === 'CNAME' ? sets[0] : sets.find((set) => set.type === 'CNAME');
  if (!clash) return;
  throw new AgentError(
    'record_exists',
    `${name} has a record of type ${clash.type} already, which an alias excludes.`,
  );
}

/** Throws `zone_not_found`, `record_not_found`, `record_invalid` for our own name servers, `zones_unavailable`, `dns_*`. */
export async function removeRecord(
  context: OperationContext,
  by: By,
  zoneSent: string,
  id: string,
): Promise<void> {
  const { zones, call } = zonesOf(context);
  const { zone } = findZone(context, by, zoneSent);
  const proxy = context.config.proxy.public_addresses;
  const missing = new AgentError('record_not_found', 'There is no such record.');
  const found = viewRecords(await zones.read(zone, call), proxy).find((record) => record.id === id);
  if (!found) throw missing;
  if (found.type === 'NS' && found.name === zone)
    throw refused(`The name servers of ${zone} itself are ours and stay.`);
  await zones.change(
    zone,
    found,
    (sets) => {
      const set = sets.find(({ type }) => type === found.type);
      const gone = grouped(found.type, set?.values ?? [], proxy).find(({ value }) => value === found.value);
      if (!set || !gone) throw missing;
      return { ttlS: set.ttlS, values: set.values.filter((value) => !gone.stands.includes(value)) };
    },
    call,
  );
}
