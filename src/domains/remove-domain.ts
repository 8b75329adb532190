/** Removes a domain from a site; its slot of the quota is free at once. */
import { namesOf, parseDomain } from '../model/domain-name.js';
import { isRequested, withoutRequestedDomain, withoutRequestFor } from '../model/requested-domain.js';
import { AgentError } from '../kernel/errors.js';
import { type Service, siteOf, withSite } from '../model/service.js';
import type { CustomDomain } from '../model/site.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from '../services/context.js';
import { enqueue, type Started } from '../services/enqueue.js';

/**
 * The caller may give either of the two names of the domain's slot. Throws `domain_invalid`, `domain_not_found`, and
 * what `enqueue` throws.
 */
export async function removeDomain(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  id: string,
  sent: string,
): Promise<Started> {
  // blocked names are allowed here, because the domain may have been added before its name was blocked
  const name = parseDomain(sent, {
    baseDomain: context.config.agent.base_domain,
    blocked: [],
    infrastructure: [],
  });
  return enqueue(context, caller, id, {
    method: 'removeDomain',
    args: { slot: name.slot },
    change(service) {
      const entry = siteOf(service).domains.find(
        (one) => namesOf(one).includes(name.name) || one.domain === name.slot,
      );
      if (entry) return { service: withoutRequestFor(without(service, entry), name) };
      // the domain came with the order and is not added yet
      if (!isRequested(service, name)) throw noSuchDomain(name.name);
      return { service: withoutRequestedDomain(service) };
    },
  });
}

export function noSuchDomain(name: string): AgentError {
  return new AgentError('domain_not_found', `The service has no domain ${name}.`);
}

function without(service: Service, entry: CustomDomain): Service {
  const { domains, fqdn, primaryDomain } = siteOf(service);
  return withSite(service, {
    domains: domains.filter((other) => other !== entry),
    primaryDomain: namesOf(entry).includes(primaryDomain) ? fqdn : primaryDomain,
  });
}
