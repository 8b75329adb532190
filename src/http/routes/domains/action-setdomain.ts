/** POST /action/setdomain and POST /customdomain/add: one endpoint with two names. */
import { Type } from 'typebox';
import { textIn } from '../../../kernel/json.js';
import { addDomain } from '../../../domains/add-domain.js';
import { viewDomains } from '../../../domains/list-domains.js';
import { DomainListView, DomainName, ServiceAndDomain, viewDomainList } from '../../schemas/domain.js';
import type { Described } from '../../server/endpoint.js';
import { jobRoute } from '../../server/job-route.js';
import type { Route } from '../../server/route.js';

const addDomainRoute = (name: Pick<Described, 'call' | 'id' | 'summary'>): Route =>
  jobRoute({
    ...name,
    tag: 'Domains',
    description:
      'A domain is accepted if it points to the service, or if a TXT record proves ownership; the ' +
      'error `domain_not_here` names this record. A domain points to the service if all its A and ' +
      'AAAA records are public addresses of the service, or if its CDN forwards requests to the ' +
      'service. To check a CDN, the agent requests a random token from each address of the CDN. The ' +
      'certificate is ordered automatically; `details` shows its state.',
    body: ServiceAndDomain,
    answer: Type.Object({ domain: DomainName, ...DomainListView.properties }),
    done: 'The domain was added and is served.',
    failures: [
      'domain_invalid',
      'domain_not_here',
      'domain_caa',
      'service_suspended',
      'not_supported',
      'domain_exists',
      'domain_taken',
      'quota_reached',
      'lookup_failed',
      'proxy_failed',
    ],
    start: ({ caller, body }, context) => addDomain(context, caller, String(body.service_id), body.domain),
    view: ({ service, job }) => ({
      domain: textIn(job.args, 'domain') ?? '',
      ...viewDomainList(viewDomains(service)),
    }),
  });

export const addDomainRoutes: readonly Route[] = [
  addDomainRoute({ call: 'POST /action/setdomain', id: 'addDomain', summary: 'Add a domain to a site' }),
  addDomainRoute({
    call: 'POST /customdomain/add',
    id: 'addCustomDomain',
    summary: 'Add a domain to a site (alias of `POST /action/setdomain` for the DNS extension)',
  }),
];
