/** Lists a service's custom domains with the data that its customer may see. */
import type { CustomDomain, RequestedDomain } from '../model/site.js';
import { type Service, siteOf } from '../model/service.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from '../services/context.js';
import { challengeOf } from './prove-domain.js';

export interface DomainList {
  readonly domains: readonly CustomDomain[];
  readonly used: number;
  readonly allowed: number;
  /** The value of the TXT record that proves ownership of a domain; null until it is first needed. */
  readonly challenge: string | null;
  readonly request: RequestedDomain | undefined;
}

/** Throws `service_not_found`, `not_supported`, `state_damaged`. */
export async function listDomains(
  { state }: OperationContext,
  caller: Pick<Caller, 'panel'>,
  id: string,
): Promise<DomainList> {
  return viewDomains(await state.services.get(`${caller.panel}/${id}`));
}

export function viewDomains(service: Service): DomainList {
  const { domains, domainWish } = siteOf(service);
  return {
    domains,
    used: domains.length,
    allowed: service.plan.domains,
    challenge: challengeOf(service),
    request: domainWish,
  };
}
