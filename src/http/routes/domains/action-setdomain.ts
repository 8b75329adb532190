/** POST /action/setdomain, and POST /customdomain/add: the same call by its two names. */
import { Type } from 'typebox';
import type { Job } from '../../../model/job.js';
import { textIn } from '../../../kernel/json.js';
import type { Service } from '../../../model/service.js';
import { addDomain } from '../../../domains/add-domain.js';
import { viewDomains } from '../../../domains/list-domains.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures } from '../../schemas/common.js';
import { domainProperties, ServiceAndDomain, viewDomainList } from '../../schemas/domain.js';
import { startedAnswers } from '../../schemas/started.js';
import { answerJob } from '../../server/waiting.js';

const schema = {
  summary: 'Gives a site a domain of its own',
  description:
    'The domain must lead to one of the public addresses of the service with every A and AAAA record, be handed on to us by a CDN at all its addresses, or bear the TXT record that a refusal names. The certificate follows by itself; `details` tells how far it is.',
  tags: ['Domains'],
  body: ServiceAndDomain,
  response: startedAnswers({ domain: Type.String(), ...domainProperties }, 'Served.'),
  failures: failures(
    'invalid_json',
    'domain_invalid',
    'domain_not_here',
    'domain_caa',
    'service_suspended',
    'service_not_found',
    'not_supported',
    'service_failed',
    'service_terminated',
    'domain_exists',
    'domain_taken',
    'quota_reached',
    'state_damaged',
    'lookup_failed',
    'proxy_failed',
    'state_unavailable',
  ),
};

export const addDomainRoutes: Route = (app, context) => {
  for (const path of ['/action/setdomain', '/customdomain/add']) {
    app.post(path, { schema }, async (request, reply) => {
      const { service_id: id, domain } = request.body;
      const started = await addDomain(context, callerOf(request), String(id), domain);
      return answerJob(context, request, reply, started, view);
    });
  }
};

const view = (service: Service, job: Job) => ({
  domain: textIn(job.args, 'domain') ?? '',
  ...viewDomainList(viewDomains(service)),
});
