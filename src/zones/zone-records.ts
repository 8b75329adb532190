/** Records of customers' zones, one at a time; the DNS server keeps them in sets. */
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
  /** As in `ZoneSet`; `PROXYSRV` where it is all the proxy's addresses of the family. */
  readonly value: string;
}

type By = Pick<Caller, 'panel'>;
const MOST_VALUES = 100;
const MOST_RECORDS = 2_000;
const REMEMBERED = 100;

/** One view per record; the proxy's addresses together are one. */
export function viewRecords(sets: readonly ZoneSet[], proxy: readonly string[]): RecordView[] {
  return sets.flatMap((set) => standing(set, proxy).map(({ view }) => view));
}

interface Standing {
  readonly view: RecordView;
  /** The values it stands for. */
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
        // all records of a set have one TTL: nobody asked for another one
        const kept = spec.ttl === undefined && current ? { ttlS: current.ttlS } : {};
        next = { ...next, ...kept, values: [...known, ...added] };
        return next;
      },
      call,
    );
    const made = standing(next, rules.proxy).find((one) =>
      one.values.some((value) => values.includes(value)),
    );
    if (!made) throw new AgentError('internal_error', 'The record was added and cannot be shown.');
    return made.view;
  });
}

/** What the server keeps beside everything by itself. */
const SIGNATURES = ['RRSIG', 'NSEC', 'NSEC3', 'NSEC3PARAM', 'DNSKEY'];

/**
 * Throws `record_exists` where a record of its name excludes the new one: an alias tolerates nothing beside it, and
 * is one.
 */
function refuseClash({ sets, hidden }: ZoneContents, { type, name, values }: ZoneSet): void {
  const here = sets.filter((set) => set.name === name);
  const aside = hidden.filter((set) => set.name === name && !SIGNATURES.includes(set.type));
  const served = [...here, ...aside.filter(({ isServed }) => isServed)];
  const other =
    type === 'CNAME' ? served.find((set) => set.type !== type) : served.find((set) => set.type === 'CNAME');
  if (other) throw clash(`${name} has a record of type ${other.type} already, which an alias excludes.`);
  if (type === 'CNAME' && here.length > 0) throw clash(`${name} is an alias already, and can only be one.`);
  if (type === 'CNAME' && aside.some((set) => set.type === 'CNAME'))
    throw clash(`${name} has an alias already, which is switched off at the DNS server.`);
  if (type === 'NS' && served.some((set) => set.type === 'DNAME'))
    throw clash(`${name} has a record of type DNAME already, which excludes name servers.`);
  const others = type === 'MX' ? (here.find((set) => set.type === 'MX')?.values ?? []) : [];
  if (others.length > 0 && [...others, ...values].includes(NULL_MX))
    throw clash(`${name} cannot both take no mail (exchange ".") and have a mail server.`);
}

function clash(sentence: string): AgentError {
  return new AgentError('record_exists', sentence);
}

function refuseTooMany(sets: readonly ZoneSet[], known: number, { name, type }: ZoneSet): void {
  if (known >= MOST_VALUES)
    throw new AgentError('quota_reached', `${name} has ${known} records of type ${type}, which is the most.`);
  const all = sets.reduce((sum, { values }) => sum + values.length, 0);
  if (all >= MOST_RECORDS)
    throw new AgentError('quota_reached', `Record limit reached (${all} of ${MOST_RECORDS})`);
}

/**
 * One that was deleted lately is no error. Throws `zone_not_found`, `record_not_found`, `record_invalid` for our own
 * name servers, `zones_unavailable`, `dns_*`.
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
      throw refused(`The name servers of ${zone} itself are ours and stay.`);
    // first in our books: whoever hears nothing asks again, and it is no error
    await context.state.zones.commit(zoneId, (current) => {
      if (!current) throw missing();
      const others = (current.goneRecords ?? []).filter((other) => other !== id);
      return { ...current, goneRecords: [...others.slice(1 - REMEMBERED), id] };
    });
    await zones.change(zone, ({ sets }) => without(sets, found), call);
  });
}

function findRecord(sets: readonly ZoneSet[], proxy: readonly string[], id: string): Standing | undefined {
  // an address of the proxy's has an id of its own as well, which it was given before its fellows came
  const all = [proxy, []].flatMap((hidden) => sets.flatMap((set) => standing(set, hidden)));
  return all.find(({ view }) => view.id === id);
}

function without(sets: readonly ZoneSet[], { view, values }: Standing): ZoneSet {
  const set = sets.find(({ name, type }) => name === view.name && type === view.type);
  const kept = set?.values.filter((value) => !values.includes(value)) ?? [];
  return { name: view.name, type: view.type, ttlS: set?.ttlS ?? view.ttlS, values: kept };
}

function missing(): AgentError {
  return new AgentError('record_not_found', 'There is no such record.');
}

function rulesOf({ addresses, dns, proxy }: Config, zone: string): ZoneRules {
  const closed = addresses.pools.map(({ gateway, prefix }) => {
    const network = gateway.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4;
    return `${network.networkAddressFromCIDR(`${gateway}/${prefix}`).toString()}/${prefix}`;
  });
  return { zone, proxy: proxy.public_addresses, closed, ttlS: dns.ttl_s };
}
