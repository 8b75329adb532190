/** POST /action/deldomain */
import { Type } from 'typebox';
import { textIn } from '../../../kernel/json.js';
import { viewDomains } from '../../../domains/list-domains.js';
import { removeDomain } from '../../../domains/remove-domain.js';
import { DomainListView, DomainName, ServiceAndDomain, viewDomainList } from '../../schemas/domain.js';
import { jobRoute } from '../../server/job-route.js';

const NONE = { domains: [], details: [], count: 3, used: 0, quota: '0/3' };

export const removeDomainRoute = jobRoute({
  call: 'POST /action/deldomain',
  id: 'removeDomain',
  tag: 'Domains',
  summary: 'Remove a domain from a site',
  description:
    'Removes the domain with its `www` name, its proxy host and its certificate. The domain no longer ' +
    'counts towards the quota.',
  body: ServiceAndDomain,
  answer: Type.Object({ domain: DomainName, ...DomainListView.properties }),
  example: NONE,
  done: 'The domain was removed.',
  failures: ['domain_invalid', 'service_suspended', 'not_supported', 'domain_not_found', 'proxy_failed'],
  start: ({ caller, body }, context) => removeDomain(context, caller, String(body.service_id), body.domain),
  view: ({ service, job }) => ({
    domain: textIn(job.args, 'slot') ?? '',
    ...viewDomainList(viewDomains(service)),
  }),
});
