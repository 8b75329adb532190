/** POST /action/deldomain */
import { Type } from 'typebox';
import type { Job } from '../../../model/job.js';
import { textIn } from '../../../kernel/json.js';
import type { Service } from '../../../model/service.js';
import { viewDomains } from '../../../domains/list-domains.js';
import { removeDomain } from '../../../domains/remove-domain.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures } from '../../schemas/common.js';
import { domainProperties, ServiceAndDomain, viewDomainList } from '../../schemas/domain.js';
import { startedAnswers } from '../../schemas/started.js';
import { answerJob } from '../../server/waiting.js';

const schema = {
  summary: 'Takes a domain from a site',
  description: 'With its `www`, its proxy host and its certificate. Its place in the quota is free at once.',
  tags: ['Domains'],
  body: ServiceAndDomain,
  response: startedAnswers({ domain: Type.String(), ...domainProperties }, 'Gone.'),
  failures: failures(
    'invalid_json',
    'domain_invalid',
    'service_suspended',
    'service_not_found',
    'not_supported',
    'domain_not_found',
    'service_failed',
    'service_terminated',
    'state_damaged',
    'proxy_failed',
    'state_unavailable',
  ),
};

export const removeDomainRoute: Route = (app, context) => {
  app.post('/action/deldomain', { schema }, async (request, reply) => {
    const { service_id: id, domain } = request.body;
    const started = await removeDomain(context, callerOf(request), String(id), domain);
    return answerJob(context, request, reply, started, view);
  });
};

const view = (service: Service, job: Job) => ({
  domain: textIn(job.args, 'slot') ?? '',
  ...viewDomainList(viewDomains(service)),
});
