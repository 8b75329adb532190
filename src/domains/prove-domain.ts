/**
 * Checks that a domain belongs to the customer. The domain must point here, or DNS must contain a TXT record that
 * proves ownership. The TXT record is required if another customer may have a right to the name.
 */
import { randomInt } from 'node:crypto';
import { type DomainName, isBelow, namesAbove, sameOwner } from '../model/domain-name.js';
import { domainId } from '../model/custom-domain.js';
import { AgentError } from '../kernel/errors.js';
import { Secret } from '../kernel/secret.js';
import { keyOf, type Service, type ServiceKey } from '../model/service.js';
import { caaProblem } from './caa.js';
import { pointsHere } from './points-here.js';
import type { NameLookup } from '../drivers/lookup/contract.js';
import type { AddressCheck } from './address-check.js';
import type { OperationContext } from '../services/context.js';
import { liveZones, mayBeTheirs } from './zone-claims.js';

export interface Proof {
  readonly provenBy: 'routing' | 'txt';
  /**
   * The names of the slot that will be served: the requested name, and the slot's other name if that name points here
   * too.
   */
  readonly names: readonly string[];
  /** The services to which the parent names of the domain belonged at the time of the check. */
  readonly above: ReadonlyMap<string, ServiceKey | undefined>;
}

const CHALLENGE = 'domain_challenge';
const CHALLENGE_LENGTH = 32;
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';

export function challengeName(slot: string): string {
  return `_innkeeper-challenge.${slot}`;
}

/** The TXT value that proves ownership of domains for this service; null until it is first needed. */
export function challengeOf(service: Service): string | null {
  return service.secrets[CHALLENGE]?.reveal() ?? null;
}

/** Throws `domain_taken`, `domain_not_here`, `domain_caa`, `lookup_failed`, `state_unavailable`. */
export async function proveDomain(
  context: OperationContext,
  service: Service,
  name: DomainName,
  signal: AbortSignal,
): Promise<Proof> {
  const { lookup } = context.drivers;
  const above = holdersAbove(context, name);
  const known = await ensureChallenge(context, service);
  const value = challengeOf(known) ?? '';
  const other = otherName(name);
  const [routing, partner, proven, foreign, caa] = await Promise.all([
    settled(arrival(context, service, name.name, other, signal)),
    other === undefined ? undefined : settled(arrival(context, service, other, name.name, signal)),
    hasChallenge(lookup, known, [name.slot, name.name], signal),
    foreignClaim(context, service, name),
    settled(caaProblem(lookup, context.drivers.issuer.caaIdentities, [name.name], { signal })),
  ]);
  const record = `a TXT record ${challengeName(name.slot)} with the value ${value}`;
  if (foreign !== undefined && !proven) {
    throw new AgentError(
      'domain_taken',
      `${foreign} If the domain is yours, prove ownership with ${record}.`,
    );
  }
  if (!proven) refuseElsewhere(name.name, routing, record);
  if (caa instanceof AgentError) throw caa;
  if (caa !== undefined) throw new AgentError('domain_caa', caa);
  const partnerToo = other !== undefined && (proven || isHere(partner));
  return {
    provenBy: proven ? 'txt' : 'routing',
    names: partnerToo ? [name.name, other] : [name.name],
    above,
  };
}

function arrival(
  { drivers }: OperationContext,
  { order }: Service,
  name: string,
  other: string | undefined,
  signal: AbortSignal,
): Promise<AddressCheck> {
  return pointsHere(drivers, name, other === undefined ? [] : [other], order.publicIps, { signal });
}

/**
 * Refuses the domain if a parent name has been assigned to another service since the check. Must be called under the
 * service's lock, in the same turn of the event loop in which the domain is claimed. Throws `domain_taken`.
 */
export function refuseOvertaken(
  context: OperationContext,
  service: Service,
  name: DomainName,
  { provenBy, above }: Proof,
): void {
  if (provenBy === 'txt') return;
  for (const [at, holder] of holdersAbove(context, name)) {
    if (holder === undefined || holder === keyOf(service) || holder === above.get(at)) continue;
    throw new AgentError('domain_taken', `${at} was just assigned to another service; please try again.`);
  }
}

function holdersAbove(
  { state }: Pick<OperationContext, 'state'>,
  name: DomainName,
): Map<string, ServiceKey | undefined> {
  return new Map(namesAbove(name).map((at) => [at, state.services.holderOf({ domain: at })]));
}

function refuseElsewhere(name: string, routing: AddressCheck | AgentError, record: string): void {
  if (routing instanceof AgentError) throw routing;
  if (routing.here) return;
  throw new AgentError(
    'domain_not_here',
    `${name} must point to ${routing.expected}, but points to ${routing.found}. Change its A and AAAA records, or prove ownership with ${record}.`,
  );
}

function isHere(routing: AddressCheck | AgentError | undefined): boolean {
  return routing !== undefined && !(routing instanceof AgentError) && routing.here;
}

/** The `www` of an apex, or the apex of a `www`. */
function otherName({ name, slot, registered }: DomainName): string | undefined {
  if (slot !== registered) return undefined;
  return name === slot ? `www.${slot}` : slot;
}

async function settled<T>(work: Promise<T>): Promise<T | AgentError> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AgentError) return error;
    throw error;
  }
}

/** Whether DNS contains the service's TXT record for one of the names. */
export async function hasChallenge(
  lookup: Pick<NameLookup, 'texts'>,
  service: Service,
  names: readonly string[],
  signal: AbortSignal,
): Promise<boolean> {
  const value = challengeOf(service);
  if (value === null) return false;
  const places = [...new Set(names.map(challengeName))];
  const found = await Promise.all(places.map((place) => settled(lookup.texts(place, { signal }))));
  return found.some((texts) => !(texts instanceof AgentError) && texts.some((text) => text.trim() === value));
}

/**
 * Returns a sentence if another customer may have a right to the name, because the name belonged to that customer until
 * recently, or because it is below one of that customer's names.
 */
async function foreignClaim(
  { state, clock }: OperationContext,
  service: Service,
  name: DomainName,
): Promise<string | undefined> {
  for (const above of namesAbove(name)) {
    const holder = state.services.holderOf({ domain: above });
    if (holder === undefined || holder === keyOf(service)) continue;
    // a service whose document is damaged keeps its claims
    const other = await settled(state.services.find(holder));
    if (other instanceof AgentError || !other || !sameOwner(other, service))
      return `${name.name} is below ${above}, which belongs to another customer.`;
  }
  const zone = liveZones(state).find((one) => isBelow(name.name, one.zone));
  if (zone && !mayBeTheirs(zone, service))
    return `${name.name} is in the zone ${zone.zone}, which belongs to another customer.`;
  for (const at of [name.slot, ...namesAbove(name)]) {
    const record = state.domains.find(domainId(at));
    if (!record || sameOwner(record.owner, service)) continue;
    const { quarantineUntil: until } = record;
    if (until !== null && clock.trusted() && Date.parse(until) <= clock.now()) continue;
    const claim =
      record.service === null ? 'belonged to another customer until recently' : 'belongs to another customer';
    return at === name.slot ? `${at} ${claim}.` : `${name.name} is below ${at}, which ${claim}.`;
  }
  return undefined;
}

/** The service with the value for its TXT record. The value is stored, so that all requests get the same value. */
async function ensureChallenge({ state }: OperationContext, service: Service): Promise<Service> {
  if (challengeOf(service) !== null) return service;
  const made = new Secret(
    Array.from({ length: CHALLENGE_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join(''),
  );
  return state.services.commit(keyOf(service), (current) => {
    if (!current) throw new AgentError('service_not_found', 'There is no service with this id.');
    if (current.secrets[CHALLENGE]) return current;
    return { ...current, secrets: { ...current.secrets, [CHALLENGE]: made } };
  });
}
