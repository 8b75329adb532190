/**
 * Checks daily whether custom domains still point here. A domain that points elsewhere is reported. A domain that
 * points elsewhere for too long is disabled, and its new owner may then add it to another service. A disabled domain is
 * enabled again when it points here again. If a lookup fails, the domain stays as it is.
 */
import { waitUntil } from '../kernel/clock.js';
import { namesOf, slotOfName } from '../model/domain-name.js';
import type { CustomDomainRecord } from '../model/custom-domain.js';
import { AgentError } from '../kernel/errors.js';
import { type Service, withSite } from '../model/service.js';
import { type CustomDomain, domainsOf } from '../model/site.js';
import { pointsHere } from './points-here.js';
import type { OperationContext } from '../services/context.js';
import { enqueue } from '../services/enqueue.js';
import { hasChallenge } from './prove-domain.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const AT_ONCE = 8;

/** Checks the domains that are due. Returns the time of the next check (epoch ms), or undefined if none is planned. */
export async function recheckDomains(
  context: OperationContext,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { clock, state } = context;
  const records = state.domains.list().filter(({ service }) => service !== null);
  const due = records.filter((record) => dueAt(record, clock.now()) <= clock.now());
  for (let start = 0; start < due.length && !signal.aborted; start += AT_ONCE)
    await Promise.all(due.slice(start, start + AT_ONCE).map((record) => recheck(context, record, signal)));
  const rest = records.filter((record) => !due.includes(record)).map((record) => dueAt(record, clock.now()));
  if (due.length > 0) rest.push(clock.now() + HOUR_MS);
  return rest.length === 0 ? undefined : Math.min(...rest);
}

function entryOf(service: Service, slot: string): CustomDomain | undefined {
  return domainsOf(service).find(({ domain }) => slotOfName(domain) === slot);
}

function dueAt({ checkedAt }: CustomDomainRecord, now: number): number {
  return checkedAt === undefined ? 0 : waitUntil(Date.parse(checkedAt) + DAY_MS, now, DAY_MS);
}

async function recheck(
  context: OperationContext,
  record: CustomDomainRecord,
  signal: AbortSignal,
): Promise<void> {
  const { clock, state, log } = context;
  let checkedAt = clock.now();
  try {
    const service = record.service === null ? undefined : await state.services.find(record.service);
    const entry = service && entryOf(service, record.domain);
    if (service && entry && (service.lifecycle === 'active' || service.lifecycle === 'suspended'))
      await settle(context, service, record.domain, await problemOf(context, service, entry, signal));
  } catch (error) {
    if (signal.aborted) return;
    // the check could not be completed, so the next check is in an hour
    checkedAt -= DAY_MS - HOUR_MS;
    if (!(error instanceof AgentError && error.code === 'lookup_failed'))
      log.warn({ domain: record.domain, err: error }, 'a domain could not be checked');
  }
  await state.domains.commit(record.id, (current) =>
    current ? { ...current, checkedAt: new Date(checkedAt).toISOString() } : record,
  );
}

/**
 * Returns a sentence if the domain no longer belongs to the service: none of its names points here, and the TXT record
 * with which it was added is gone too. Each name is looked up separately. If the lookup of one name fails, the result
 * for the other name decides. Throws `lookup_failed` when all fail.
 */
async function problemOf(
  { drivers }: OperationContext,
  service: Service,
  entry: CustomDomain,
  signal: AbortSignal,
): Promise<string | undefined> {
  const names = namesOf(entry);
  const found = await Promise.allSettled(
    names.map(async (name) => ({
      name,
      ...(await pointsHere(drivers, name, names, service.order.publicIps, { signal })),
    })),
  );
  const [first, ...others] = found.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
  if (!first) throw found.find((one) => one.status === 'rejected')?.reason;
  if ([first, ...others].some(({ here }) => here)) return undefined;
  if (entry.provenBy === 'txt' && (await hasChallenge(drivers.lookup, service, names, signal)))
    return undefined;
  return `${first.name} points to ${first.found}; it must point to ${first.expected}.`;
}

async function settle(
  context: OperationContext,
  { panel, id }: Service,
  slot: string,
  problem: string | undefined,
): Promise<void> {
  const key = `${panel}/${id}` as const;
  const isOff = (service: Service): boolean => entryOf(service, slot)?.stray?.off === true;
  const change = (service: Service): Service => {
    const entry = entryOf(service, slot);
    const next = entry && strayed(context, entry, problem);
    if (!entry || !next || next === entry) return service;
    const domains = domainsOf(service).map((other) => (other === entry ? next : other));
    return withSite(service, { domains });
  };
  const before = await context.state.services.get(key);
  const after = change(before);
  if (after === before) return;
  if (isOff(before) === isOff(after)) {
    await context.state.services.commit(key, (current) => change(current ?? before));
    return;
  }
  context.log.warn(
    { service_id: id, panel, domain: slot, problem },
    problem === undefined
      ? 'a domain points here again'
      : 'a domain has pointed elsewhere for too long and is disabled',
  );
  await enqueue(context, { panel, requestId: `domain-${slot}`.slice(0, 64) }, id, {
    method: 'repair',
    args: { parts: ['proxy'] },
    change: (service) => ({ service: change(service) }),
  });
}

function strayed(
  { clock, config }: OperationContext,
  entry: CustomDomain,
  problem: string | undefined,
): CustomDomain {
  const { stray, ...kept } = entry;
  if (problem === undefined) return stray ? kept : entry;
  const since = stray?.since ?? new Date(clock.now()).toISOString();
  // a disabled domain loses its certificate, and others may claim it, so a clock jump must not disable a domain
  const isLong = clock.trusted() && clock.now() - Date.parse(since) >= config.domains.stray_s * 1000;
  const off = stray?.off === true || isLong;
  return stray?.off === off && stray.problem === problem
    ? entry
    : { ...kept, stray: { since, problem, off } };
}
