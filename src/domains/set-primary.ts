/** Makes one of a site's names the name in its URL. */
import { certifiedNames, namesOf, servedNames } from '../model/domain-name.js';
import { AgentError } from '../kernel/errors.js';
import { readHostName } from '../kernel/host-name.js';
import { siteOf, withSite } from '../model/service.js';
import type { Site } from '../model/site.js';
import type { Caller } from '../model/caller.js';
import type { OperationContext } from '../services/context.js';
import { enqueue, type Started } from '../services/enqueue.js';
import { noSuchDomain } from './remove-domain.js';

/**
 * Throws `domain_invalid`, `domain_not_found`, `domain_not_ready` while the name has no valid certificate, and what
 * `enqueue` throws.
 */
export async function setPrimary(
  context: OperationContext,
  caller: Pick<Caller, 'panel' | 'requestId'>,
  id: string,
  sent: string,
): Promise<Started> {
  const name = readHostName(sent);
  if (name === undefined) throw noDomain();
  return enqueue(context, caller, id, {
    method: 'setPrimary',
    sameArgs: (args) => args['name'] === name,
    change(service) {
      const site = siteOf(service);
      refuseUnready(context, site, name);
      if (!servedNames(site).includes(name)) throw noSuchDomain(name);
      return {
        service: withSite(service, { primaryDomain: name }),
        args: { name, before: site.primaryDomain },
      };
    },
  });
}

function noDomain(): AgentError {
  const sentence = 'Expected a domain name such as example.com.';
  return new AgentError('domain_invalid', sentence, { fields: { domain: sentence } });
}

function refuseUnready({ drivers }: OperationContext, { domains }: Site, name: string): void {
  const entry = domains.find((one) => namesOf(one).includes(name));
  if (entry?.stray?.off === true)
    throw new AgentError('domain_not_ready', `${name} is disabled. ${entry.stray.problem}`);
  if (!entry || drivers.issuer.kind === 'none' || certifiedNames(entry).includes(name)) return;
  const { problem } = entry.certificate;
  throw new AgentError(
    'domain_not_ready',
    `${name} has no certificate yet.${problem === null ? '' : ` ${problem}`}`,
  );
}
