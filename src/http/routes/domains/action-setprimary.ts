/** POST /action/setprimary */
import { Type } from 'typebox';
import { siteOf } from '../../../model/service.js';
import { setPrimary } from '../../../domains/set-primary.js';
import { ServiceAndDomain } from '../../schemas/domain.js';
import { DOMAIN } from '../../schemas/examples.js';
import { text } from '../../schemas/fields.js';
import { jobRoute } from '../../server/job-route.js';

export const setPrimaryRoute = jobRoute({
  call: 'POST /action/setprimary',
  id: 'setPrimaryDomain',
  tag: 'Domains',
  summary: 'Set the primary domain of a site',
  description:
    'Sets the host name that the URL of the site contains: one of the custom domains of the site, or ' +
    'its subdomain of the base domain. All other names redirect to this host name.',
  body: ServiceAndDomain,
  answer: Type.Object({
    primary_domain: text('The host name in the URL of the site.', DOMAIN),
    url: text('The URL of the site.', `https://${DOMAIN}`),
  }),
  done: 'The primary domain was set.',
  failures: [
    'service_suspended',
    'not_supported',
    'domain_invalid',
    'domain_not_found',
    'domain_not_ready',
    'container_host_failed',
    'container_host_timeout',
  ],
  start: ({ caller, body }, context) => setPrimary(context, caller, String(body.service_id), body.domain),
  view: ({ service }) => {
    const { primaryDomain } = siteOf(service);
    return { primary_domain: primaryDomain, url: `https://${primaryDomain}` };
  },
});
