/** POST /action/setprimary */
import { Type } from 'typebox';
import { type Service, siteOf } from '../../../model/service.js';
import { setPrimary } from '../../../domains/set-primary.js';
import { callerOf } from '../../guards/auth.js';
import type { Route } from '../../server/route.js';
import { failures } from '../../schemas/common.js';
import { ServiceAndDomain } from '../../schemas/domain.js';
import { startedAnswers } from '../../schemas/started.js';
import { answerJob } from '../../server/waiting.js';

const schema = {
  summary: "Makes one of a site's names its own URL",
  description: 'Any name of the site, also the first one. The others lead there from then on.',
  tags: ['Domains'],
  body: ServiceAndDomain,
  response: startedAnswers({ primary_domain: Type.String(), url: Type.String() }, 'Done.'),
  failures: failures(
    'invalid_json',
    'service_suspended',
    'service_not_found',
    'not_supported',
    'domain_invalid',
    'domain_not_found',
    'domain_not_ready',
    'service_failed',
    'service_terminated',
    'state_damaged',
    'container_host_failed',
    'container_host_timeout',
    'state_unavailable',
  ),
};

export const setPrimaryRoute: Route = (app, context) => {
  app.post('/action/setprimary', { schema }, async (request, reply) => {
    const { service_id: id, domain } = request.body;
    const started = await setPrimary(context, callerOf(request), String(id), domain);
    return answerJob(context, request, reply, started, view);
  });
};

function view(service: Service) {
  const { primaryDomain } = siteOf(service);
  return { primary_domain: primaryDomain, url: `https://${primaryDomain}` };
}
