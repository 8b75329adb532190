/** Pure rules for a domain that was requested with an order and is not added yet. */
import { waitUntil } from '../kernel/clock.js';
import { type DomainName, slotOfName } from './domain-name.js';
import type { RequestedDomain } from './site.js';
import type { Service } from './service.js';

const MINUTE_MS = 60_000;
const LONGEST_PAUSE_MS = 60 * MINUTE_MS;
const PATIENCE_MS = 30 * 24 * 60 * MINUTE_MS;

/** The record of a requested domain. `problem` is a known reason why the domain cannot be added. */
export function requestDomain(name: string, problem: string | null, now: number): RequestedDomain {
  const at = (ms: number): string => new Date(ms).toISOString();
  return { name, nextAt: at(now), until: at(now + PATIENCE_MS), tries: 0, problem };
}

/** Epoch ms of the next try. `at` is the recorded time (RFC 3339). */
export function requestDue(at: string, now: number): number {
  return waitUntil(Date.parse(at), now, LONGEST_PAUSE_MS);
}

/**
 * The request after a failed try, with a longer pause before the next try. Undefined once the request has expired. No
 * request expires while the clock is not trusted.
 */
export function requestAfter(
  request: RequestedDomain,
  problem: string,
  now: number,
  trusted = true,
): RequestedDomain | undefined {
  if (trusted && Date.parse(request.until) <= now) return undefined;
  const pause = Math.min(LONGEST_PAUSE_MS, MINUTE_MS * 2 ** Math.min(10, request.tries));
  return { ...request, tries: request.tries + 1, problem, nextAt: new Date(now + pause).toISOString() };
}

export function isRequested({ site }: Pick<Service, 'site'>, { slot }: DomainName): boolean {
  return site?.domainWish !== undefined && slotOfName(site.domainWish.name) === slot;
}

export function withoutRequestedDomain(service: Service): Service {
  if (!service.site?.domainWish) return service;
  const { domainWish: _, ...site } = service.site;
  return { ...service, site };
}

/** The service without the request for this domain, because the domain was added or is no longer wanted. */
export function withoutRequestFor(service: Service, name: DomainName): Service {
  return isRequested(service, name) ? withoutRequestedDomain(service) : service;
}
