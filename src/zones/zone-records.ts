/** Records of customers' zones, added and removed one at a time; the DNS server stores them in sets. */
import ipaddr from 'ipaddr.js';
import type { Config } from '../config/config.js';
import { AgentError } from '../kernel/errors.js';
import {
  NULL_MX,
  PROXY_WORD,
  readRecord,
  recordId,
  type RecordSpec,
  refused,
  type ZoneRules,
  type RecordType,
} from '../model/zone-record.js';
import type { ZoneContents, ZoneSet } from '../drivers/dns/contract.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from '../services/context.js';
import { atNameServer } from './zone-call.js';
import { findZone } from './zones.js';

export interface RecordView {
  readonly id: string;
  readonly type: RecordType;
  readonly name: string;
  readonly ttlS: number;
  /** A value as in `ZoneSet`, or `PROXYSRV` if the record represents all addresses of the proxy in its family. */
  readonly value: string;
}

type By = Pick<Caller, 'panel'>;
const MOST_VALUES = 100;
const MOST_RECORDS = 2_000;
const REMEMBERED = 100;

/** Returns one view for each record. All addresses of the proxy together are shown as one record. */
export function viewRecords(sets: readonly ZoneSet[], proxy: readonly string[]): RecordView[] {
  return sets.flatMap((set) => standing(set, proxy).map(({ view }) => view));
}

interface Standing {
  readonly view: RecordView;
  /** The values in the DNS server's set for which this record stands. */
  readonly values: readonly string[];
}

function standing({ type, name, ttlS, values }: ZoneSet, proxy: readonly string[]): Standing[] {
  const ours = proxy.filter((address) => address.includes(':') === (type === 'AAAA'));
  const isProxy =
    (type === 'A' || type === 'AAAA') && ours.length > 0 && ours.every((address) => values.includes(address));
  const rest = isProxy ? values.filter((value) => !ours.includes(value)) : values;
  const one = (value: string, stands: readonly string[]): Standing => ({
    view: { id: recordId(type, name, value), type, name, ttlS, value },
    values: stands,
  });
  return [...(isProxy ? [one(PROXY_WORD, ours)] : []), ...rest.map((value) => one(value, [value]))];
}

/** Throws `zone_not_found`, `record_invalid`, `record_exists`, `quota_reached`, `zones_unavailable`, `dns_*`. */
export async function addRecord(
  context: OperationContext,
  by: By,
  zoneSent: string,
  spec: RecordSpec,
): Promise<RecordView> {
  return atNameServer(context, async ({ zones, call }) => {
    const { zone } = findZone(context, by, zoneSent);
    const rules = rulesOf(context.config, zone);
    const { type, name, ttlS, values } = readRecord(spec, rules);
    let next: ZoneSet = { type, name, ttlS, values };
    await zones.change(
      zone,
      (contents) => {
        const current = contents.sets.find((set) => set.name === name && set.type === type);
        const known = current?.values ?? [];
        const added = values.filter((value) => !known.includes(value));
        if (current && added.length === 0) throw new AgentError('record_exists', 'Record already exists');
        refuseClash(contents, next);
        refuseTooMany(contents.sets, known.length, next);
        // all records of a set share one TTL, so the existing TTL is kept unless another TTL is requested
        const kept = spec.ttl === undefined && current ? { ttlS: current.ttlS } : {};
        next = { ...next, ...kept, values: [...known, ...added] };
        return next;
      },
      call,
    );
    const made = standing(next, rules.proxy).find((one) =>
      one.values.some((value) => values.includes(value)),
    );
    if (!made) throw new AgentError('internal_error', 'The record was added but cannot be shown.');
    return made.view;
  });
}

/** Types of records that the DNS server itself may add to any name. */
const SIGNATURES = ['RRSIG', 'NSEC', 'NSEC3', 'NSEC3PARAM', 'DNSKEY'];

/**
 * Throws `record_exists` if another record of the same name excludes the new one: an alias cannot exist next to other
 * records.
 */
function refuseClash({ sets, hidden }: ZoneContents, { type, name, values }: ZoneSet): void {
  const here = sets.filter((set) => set.name === name);
  const aside = hidden.filter((set) => set.name === name && !SIGNATURES.includes(set.type));
  const served = [...here, ...aside.filter(({ isServed }) => isServed)];
  const other =
    type === 'CNAME' ? served.find((set) => set.type !== type) : served.find((set) => set.type === 'CNAME');
  if (other)
    throw clash(`${name} already has a record of type ${other.type}, so it cannot be an alias (CNAME).`);
  if (type === 'CNAME' && here.length > 0)
    throw clash(`${name} is already an alias (CNAME); a name can have only one.`);
  if (type === 'CNAME' && aside.some((set) => set.type === 'CNAME'))
    throw clash(`${name} already has an alias (CNAME), which is disabled on the DNS server.`);
  if (type === 'NS' && served.some((set) => set.type === 'DNAME'))
    throw clash(`${name} already has a record of type DNAME, so it cannot have NS records.`);
  const others = type === 'MX' ? (here.find((set) => set.type === 'MX')?.values ?? []) : [];
  if (others.length > 0 && [...others, ...values].includes(NULL_MX))
    throw clash(`${name} cannot both refuse mail (exchange ".") and have a mail server.`);
}

function clash(sentence: string): AgentError {
  return new AgentError('record_exists', sentence);
}

function refuseTooMany(sets: readonly ZoneSet[], known: number, { name, type }: ZoneSet): void {
  if (known >= MOST_VALUES)
    throw new AgentError('quota_reached', `${name} has ${known} records of type ${type}; this is the limit.`);
  const all = sets.reduce((sum, { values }) => sum + values.length, 0);
  if (all >= MOST_RECORDS)
    throw new AgentError('quota_reached', `Record limit reached (${all} of ${MOST_RECORDS})`);
}

/**
 * Removes a record. It is not an error if the record was already removed recently. Throws `zone_not_found`,
 * `record_not_found`, `record_invalid` for our own name servers, `zones_unavailable`, `dns_*`.
 */
export async function removeRecord(
  context: OperationContext,
  by: By,
  zoneSent: string,
  id: string,
): Promise<void> {
  return atNameServer(context, async ({ zones, call }) => {
    const { zone, id: zoneId, goneRecords = [] } = findZone(context, by, zoneSent);
    const { proxy } = rulesOf(context.config, zone);
    const found = findRecord(await zones.read(zone, call), proxy, id);
    if (!found) {
      if (goneRecords.includes(id)) return;
      throw missing();
    }
    if (found.view.type === 'NS' && found.view.name === zone)
      throw refused(`The NS records of ${zone} itself cannot be changed.`);
    // the deletion is recorded before it is made: if the caller gets no response, it repeats the request, which must
    // then not fail
    await context.state.zones.commit(zoneId, (current) => {
      if (!current) throw missing();
      const others = (current.goneRecords ?? []).filter((other) => other !== id);
      return { ...current, goneRecords: [...others.slice(1 - REMEMBERED), id] };
    });
    await zones.change(zone, ({ sets }) => without(sets, found), call);
  });
}

function findRecord(sets: readonly ZoneSet[], proxy: readonly string[], id: string): Standing | undefined {
  // a panel may know the id of a record with a single address of the proxy, from a time when the proxy had only this
  // address
  const all = [proxy, []].flatMap((hidden) => sets.flatMap((set) => standing(set, hidden)));
  return all.find(({ view }) => view.id === id);
}

function without(sets: readonly ZoneSet[], { view, values }: Standing): ZoneSet {
  const set = sets.find(({ name, type }) => name === view.name && type === view.type);
  const kept = set?.values.filter((value) => !values.includes(value)) ?? [];
  return { name: view.name, type: view.type, ttlS: set?.ttlS ?? view.ttlS, values: kept };
}

function missing(): AgentError {
  return new AgentError('record_not_found', 'Record not found.');
}

function rulesOf({ addresses, dns, proxy }: Config, zone: string): ZoneRules {
  const closed = addresses.pools.map(({ gateway, prefix }) => {
    const network = gateway.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4;
    return `${network.networkAddressFromCIDR(`${gateway}/${prefix}`).toString()}/${prefix}`;
  });
  return { zone, proxy: proxy.public_addresses, closed, ttlS: dns.ttl_s };
}
