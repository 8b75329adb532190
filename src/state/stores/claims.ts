/**
 * Records which service holds which name, address, VMID and domain, so that nothing is ever assigned twice.
 */
import ipaddr from 'ipaddr.js';
import { slotOfName } from '../../model/domain-name.js';
import { type Claim, ClaimTakenError } from '../../model/claim.js';
import { type Guest, isReleased } from '../../model/guest.js';
import type { Service, ServiceKey } from '../../model/service.js';
import type { ServerPlace } from '../../model/server.js';
import type { Site } from '../../model/site.js';

export const nameClaim = (subdomain: string): Claim => `name ${subdomain.toLowerCase()}`;
export const vmidClaim = (vmid: number): Claim => `vmid ${vmid}`;
/** The claim of a domain. An apex and its `www` have the same claim. */
export const domainClaim = (domain: string): Claim => `domain ${slotOfName(domain.toLowerCase())}`;
/** The claim of an address. All spellings of an address have the same claim. */
export const addressClaim = (address: string): Claim =>
  `address ${ipaddr.isValid(address) ? ipaddr.process(address).toString() : address.toLowerCase()}`;

/** The claim of an account on a server. */
export const placeClaim = ({ id, place }: ServerPlace): Claim => `place ${id}#${place}`;

/**
 * The claims of a service. A deleted service, or one whose failed creation was undone, releases its name together with
 * its VMID and addresses. Until then it keeps all of its claims, for example while the container of a
 * deleted service is kept.
 */
export function claimsOf(service: Service): Claim[] {
  const { guest, site, server, lifecycle } = service;
  const nameIsFree = isReleased(guest) && (lifecycle === 'terminated' || lifecycle === 'failed');
  return [
    ...(site && !nameIsFree ? claimsOfSite(site) : []),
    ...(guest ? claimsOfGuest(guest) : []),
    ...(server ? [placeClaim(server)] : []),
  ];
}

function claimsOfSite({ subdomain, domains }: Site): Claim[] {
  return [nameClaim(subdomain), ...domains.map(({ domain }) => domainClaim(domain))];
}

function claimsOfGuest({ addresses, vmid }: Guest): Claim[] {
  return [
    ...addresses.map(({ address }) => addressClaim(address)),
    ...(vmid === null ? [] : [vmidClaim(vmid)]),
  ];
}

/**
 * The claims that can still be found in the text of a damaged document. If in doubt, the function returns too many
 * claims rather than too few.
 */
export function claimsInText(text: string): Claim[] {
  const all = (pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, value = '']) => value);
  return [
    ...all(/"subdomain"\s*:\s*"([^"\\]{1,63})"/g).map(nameClaim),
    ...all(/"address"\s*:\s*"([0-9A-Fa-f.:]{2,45})"/g).map(addressClaim),
    ...all(/"domain"\s*:\s*"([a-z0-9.-]{3,253})"/g).map(domainClaim),
    ...[...text.matchAll(PLACE)].map(([, id = '', place]) => placeClaim({ id, place: Number(place) })),
    ...all(/"vmid"\s*:\s*(\d{1,9})/g).map((vmid) => vmidClaim(Number(vmid))),
  ];
}

const PLACE = /"server"\s*:\s*\{\s*"id"\s*:\s*"([A-Za-z0-9_-]{1,64})"\s*,\s*"place"\s*:\s*(\d{1,9})/g;

export class ClaimTable {
  /**
   * The holders of each claim. A claim has more than one holder only if documents contradicted each other at the start,
   * for example after an operator copied a document. No other service gets the claim as long as one of the holders has
   * it.
   */
  readonly #holders = new Map<Claim, readonly ServiceKey[]>();
  /** The claimed places of each server. */
  readonly #places = new Map<string, Set<number>>();

  holderOf(claim: Claim): ServiceKey | undefined {
    return this.#holders.get(claim)?.[0];
  }

  placesOn(server: string): ReadonlySet<number> {
    return this.#places.get(server) ?? NONE;
  }

  /**
   * Takes the claims that are in `wanted` but not in `held`, either all of them or none. Throws when another service
   * holds one of them.
   */
  take(key: ServiceKey, wanted: readonly Claim[], held: readonly Claim[]): void {
    const fresh = wanted.filter((claim) => !held.includes(claim));
    for (const claim of fresh) {
      const other = this.#holders.get(claim)?.find((holder) => holder !== key);
      if (other !== undefined) throw new ClaimTakenError(claim, other);
    }
    for (const claim of fresh) this.record(key, claim);
  }

  /** Records a claim without a check. Returns another service that holds the claim already, if any. */
  record(key: ServiceKey, claim: Claim): ServiceKey | undefined {
    const holders = this.#holders.get(claim) ?? [];
    if (!holders.includes(key)) this.#holders.set(claim, [...holders, key]);
    const place = placeIn(claim);
    if (place) this.#places.set(place.id, (this.#places.get(place.id) ?? new Set()).add(place.place));
    return holders.find((holder) => holder !== key);
  }

  /** Frees the claims that are in `before` but not in `after`. */
  free(key: ServiceKey, before: readonly Claim[], after: readonly Claim[]): void {
    for (const claim of before) {
      if (after.includes(claim)) continue;
      const rest = (this.#holders.get(claim) ?? []).filter((holder) => holder !== key);
      if (rest.length > 0) this.#holders.set(claim, rest);
      else {
        this.#holders.delete(claim);
        const place = placeIn(claim);
        if (place) this.#places.get(place.id)?.delete(place.place);
      }
    }
  }
}

const NONE: ReadonlySet<number> = new Set();

function placeIn(claim: Claim): ServerPlace | undefined {
  const [, id, place] = /^place (.+)#(\d+)$/.exec(claim) ?? [];
  return id === undefined ? undefined : { id, place: Number(place) };
}
